"""What a release holds beside code: the wheel, and the wheel that is made from the source distribution."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from tests.running.gateway import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = (
    "documents/tollway-admin.json",
    "documents/tollway-proxy.json",
    "page/index.html",
    "page/start.js",
    "page/swagger-ui/LICENSE",
    "page/swagger-ui/NOTICE",
    "page/swagger-ui/swagger-ui-bundle.js",
    "page/swagger-ui/swagger-ui-bundle.js.LICENSE.txt",
    "page/swagger-ui/swagger-ui.css",
)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The unpacked source distribution."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(_build("sdist", ROOT, folder)) as archive:
        names = archive.getnames()
        archive.extractall(folder, filter="data")
    assert len(names) == len(set(names))
    return next(path for path in folder.iterdir() if path.is_dir())


@pytest.fixture(scope="module", params=["checkout", "source distribution"])
def wheel(request, tmp_path_factory):
    folder = ROOT if request.param == "checkout" else request.getfixturevalue("source")
    with ZipFile(_build("wheel", folder, tmp_path_factory.mktemp("wheel"))) as archive:
        yield archive


def test_a_wheel_holds_the_pages_that_a_gateway_serves(wheel):
    missing = {f"tollwayd/openapi/{page}" for page in PAGES} - set(wheel.namelist())

    assert missing == set()
    assert b'"openapi": "3.1.0"' in wheel.read("tollwayd/openapi/documents/tollway-admin.json")


def test_a_wheel_holds_the_price_list_and_its_licence(wheel):
    assert b"Pydantic Services" in wheel.read("tollwayd/prices/LICENSE")
    assert wheel.read("tollwayd/prices/list.json") == (ROOT / "server/tollwayd/prices/list.json").read_bytes()


def _build(target: str, folder: Path, out: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    (made,) = (path for path in out.iterdir() if path.is_file())
    return made
