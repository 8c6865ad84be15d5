"""The clients from npm, installed as their lock has them: once for each lock, below `.cache/`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.running.gateway import ROOT

SCRIPTS = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def node():
    """A folder of the scripts and what they import."""
    if not shutil.which("npm"):
        pytest.skip("Node is not installed")
    digest = hashlib.sha256((SCRIPTS / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = ROOT / ".cache" / "node" / digest
    folder.mkdir(parents=True, exist_ok=True)
    for file in SCRIPTS.iterdir():
        shutil.copy(file, folder)
    if not (folder / "node_modules" / ".package-lock.json").exists():
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=folder, check=True, timeout=120)
    return folder
