"""The demo: its pasted lines work as they are, and a second run finds its data again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import blocks
from tests.running.gateway import ROOT, Gateway


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


def pasted_lines(gateway: Gateway) -> dict[str, str]:
    """The lines under their titles, as they stand on the terminal."""
    lines: dict[str, str] = {}
    title = ""
    for line in gateway.process.stdout:
        text = line.rstrip("\n")
        if text.startswith("# "):
            title = text.removeprefix("# ")
        elif title and text:
            lines[title] = text
            title = ""
        if len(lines) == 3:
            break
    return lines


def paste(line: str) -> str:
    run = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, timeout=30, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("run", ["first", "second"])
def test_the_three_lines_work_as_pasted(data_dir, run):
    with Gateway(data_dir, command="demo") as gateway:
        lines = pasted_lines(gateway)
        assert json.loads(paste(lines["curl"]))["choices"][0]["message"]["content"] == "Hello!", run
        head = paste(lines["curl"].replace("curl -s", "curl -s -o /dev/null -D -", 1))
        assert re.search(r"^x-tollway-cost: 0\.[0-9]+\r?$", head, re.MULTILINE), "the demo shows what a call costs"
        assert paste(lines["the OpenAI SDK"]).strip() == "Hello."
        assert not set("!$`\\\\") & set(lines["the OpenAI SDK"]), "a shell at a terminal would take these for its own"
        assert "FINISH_REASON_STOP" in paste(lines["grpcurl"])
        if run == "first":
            assert all(map(matches, form(gateway), lines.values()))
    outcomes = {line["outcome"] for line in map(json.loads, gateway.log) if line["event"] == "call"}
    assert outcomes == {"OK"}, "nothing that looks like a failure"


def form(gateway: Gateway) -> list[str]:
    """The lines as the README shows them, with this gateway's addresses and this Python's folder."""
    (block,) = blocks("README.md", "text")
    text = block.text.replace("127.0.0.1:8081", gateway.addresses["proxy_http"])
    text = text.replace("127.0.0.1:9081", gateway.addresses["proxy_grpc"])
    return text.replace(".venv/bin", str(Path(sys.executable).parent)).splitlines()


def matches(shown: str, printed: str) -> bool:
    """Whether the line is the printed one, but for what `…` leaves out."""
    return bool(re.fullmatch(".+".join(map(re.escape, shown.split("…"))), printed))
