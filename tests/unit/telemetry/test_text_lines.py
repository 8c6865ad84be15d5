"""Log lines as text: what a caller chooses neither looks like another line nor commands the terminal that shows it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.running.gateway import environment

PROGRAM = """
import logging, structlog
from tollwayd.telemetry.call_line import CallLine
from tollwayd.telemetry.logs import configure_logs

write = configure_logs(text=True, level="info")

def call_line(said):
    write(CallLine("c", "m", "rest", "::1", "OK", 0.1, model=said, dropped=[said]))

def library(said):
    logging.getLogger("library").warning("said %s", said)

def defect(said):
    try:
        raise ValueError(said)
    except ValueError:
        structlog.get_logger().error("a defect", exc_info=True)

"""
BEGINS = re.compile(r"\d\d:\d\d:\d\d\.\d{3} \[")
SAID = {
    "controls": ("a\x1b[2J\x85\u2028\u202e\x00\x7f\x9bz\ud800", r"a\x1b[2J\x85\u2028\u202e\x00\x7f\x9bz\ud800"),
    "another line": ("a\r\n00:00:00.000 [info     ] call", r"a\r\n00:00:00.000 [info     ] call"),
    "words": ("über_日本", "über_日本"),
}
"""What a caller says, and how it is written."""


@pytest.mark.parametrize("what", ["call_line", "library", "defect"])
@pytest.mark.parametrize("said", SAID)
def test_what_a_caller_says_stays_within_its_line_and_commands_no_terminal(said, what):
    raw, shown = SAID[said]
    command = [sys.executable, "-c", f"{PROGRAM}{what}({raw!r})"]
    done = subprocess.run(command, env=environment(), capture_output=True, check=True, timeout=30)
    first, *others = done.stderr.decode().removesuffix("\n").split("\n")
    assert [line for line in (first, *others) if not line.isprintable()] == []
    assert BEGINS.match(first)
    if what == "defect":  # With a traceback, which ends with what the exception says.
        assert not any(map(BEGINS.match, others))
        first = r"\n".join(line.strip() for line in others)
    else:
        assert others == []
    assert shown in first.replace("\\\\", "\\")
