"""`docs/translator.md` tells the truth: its example works as it stands, and its table names every option."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys

import pytest

from tests.apis.harbour import Harbour, serve
from tests.documents import blocks, pasteable, spans
from tests.running.gateway import ROOT, environment
from tollwayd import cli

DOCUMENT = "docs/translator.md"
MAKE, SERVE, CALL = (block.text for block in blocks(DOCUMENT, "sh"))
(PROTO,) = (block.text for block in blocks(DOCUMENT, "proto"))
(ANSWER,) = (block.text for block in blocks(DOCUMENT, "json"))


@pytest.fixture
def folder(tmp_path):
    """A folder in which the page's commands work: a checkout's `.venv` and `proto`, and the page's proto."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "proto").symlink_to(ROOT / "proto")
    (tmp_path / "harbour.proto").write_text(PROTO)
    return tmp_path


async def run(command: str, folder) -> asyncio.subprocess.Process:
    """A shell that runs the command; what it prints can be read."""
    return await asyncio.create_subprocess_exec(
        *("bash", "-euc", command), cwd=folder, env=environment(), stdout=asyncio.subprocess.PIPE
    )


async def test_the_example_works_as_it_stands(folder):
    assert await (await run(MAKE, folder)).wait() == 0
    async with serve(Harbour()) as (host, port):
        command = pasteable(SERVE, {"127.0.0.1:50051": f"{host}:{port}"}).strip()
        translator = await run(f"exec {command} --listen 127.0.0.1:0", folder)
        try:
            address = (await translator.stdout.readline()).split()[-1].decode()
            assert await translator.stdout.readline() == b"ready\n"
            called = await run(pasteable(CALL, {cli.TRANSLATOR_LISTENS: address}), folder)
            printed, _ = await called.communicate()
        finally:
            translator.send_signal(signal.SIGTERM)
            assert await translator.wait() == 0
    assert json.loads(printed) == json.loads(ANSWER)


def test_the_table_names_every_option(capsys):
    with pytest.raises(SystemExit):
        cli.main(["serve", "translator", "--help"])
    told = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert {span.split()[0] for span in spans(DOCUMENT) if span.startswith("--")} == told - {"--help"}
