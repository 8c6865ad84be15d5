"""`docs/mock.md` tells the truth: its examples load and run, and its tables name every key."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.mock.calls import outcome
from tests.wire.http1 import get
from tollwayd.mock import (
    Answer,
    Error,
    Fault,
    Match,
    MockProvider,
    Received,
    Rule,
    Script,
    ToolCall,
    Usage,
    load_script,
)

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "mock.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", blocks("yaml"))
async def test_every_script_is_one_that_can_be_used(tmp_path, block):
    path = tmp_path / "script.yaml"
    path.write_text(block)
    for rule in load_script(path).rules:
        for answer in rule.answers:
            if answer.recording:
                (tmp_path / answer.recording).parent.mkdir(exist_ok=True)
                (tmp_path / answer.recording).write_text("{}")
    async with MockProvider(path) as provider:
        closing = get("/v1/models", "connection: close", "authorization: Bearer any")
        assert (await outcome(provider, closing)).head


def test_the_program_prints_what_it_is_said_to_print():
    (program,), (printed,) = blocks("python"), blocks("text")
    command = [sys.executable, "-c", program]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (ran.stdout, ran.returncode) == (printed, 0), ran.stderr


@pytest.mark.parametrize("part", [Script, Rule, Match, Answer, ToolCall, Usage, Error, Fault])
def test_every_key_of_a_script_is_named(part):
    assert [key for key in part.__struct_fields__ if not re.search(rf"\b{key}\b", TEXT)] == []


def test_every_field_of_a_request_is_named():
    fields = [*Received.__dataclass_fields__, "json"]
    assert [field for field in fields if f"`{field}`" not in TEXT] == []
