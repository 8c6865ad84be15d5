"""The data folder, where its modes keep this user out."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tollwayd.data_folder import DataFolder
from tollwayd.settings import Settings
from tollwayd.start_error import StartError

NOBODY = 65534


@pytest.fixture
def folder():
    """A folder that other users come to; pytest's own are for one user alone."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "data")
        path.mkdir()
        path.parent.chmod(0o755)
        yield path
        path.chmod(0o700)


@pytest.fixture
def as_nobody(folder):
    """From when it is called, this process is one that modes stop, which root is not."""
    root = os.geteuid() == 0
    yield lambda: os.seteuid(NOBODY) if root else None
    if root:
        os.seteuid(0)


def refusal(step: str, folder: Path) -> str:
    with pytest.raises(StartError) as error:
        getattr(DataFolder(Settings(data_dir=folder)), step)()
    assert error.value.status == 1
    return str(error.value)


def test_one_that_cannot_be_written_to(folder, as_nobody):
    folder.chmod(0o555)
    as_nobody()
    said = refusal("prepare", folder)
    assert said == f"TOLLWAY_DATA_DIR: {folder} cannot be written to by this user; mend that, or set another folder."


def test_one_that_cannot_be_come_to(folder, as_nobody):
    folder.chmod(0o600)
    as_nobody()
    assert refusal("prepare", folder / "inside").startswith(f"TOLLWAY_DATA_DIR: {folder}/inside: Permission denied; ")


@pytest.mark.parametrize(("step", "name"), [("keyring", "master.keys"), ("root", "admin.key")])
def test_a_secret_file_that_cannot_be_read(folder, as_nobody, step, name):
    (folder / name).touch(mode=0o000)
    folder.chmod(0o755)
    as_nobody()
    assert refusal(step, folder).startswith(f"TOLLWAY_DATA_DIR: {folder}/{name}: Permission denied; ")
