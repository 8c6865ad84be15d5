"""Failpoints do what they are told, in the processes that are told, and nothing elsewhere."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from tests.running.gateway import environment
from tollwayd.core import failpoint as module
from tollwayd.core.failpoint import failpoint

SCRIPT = """
from tollwayd.core.failpoint import failpoint
for turn in range(4):
    failpoint("one")
    failpoint("two")
    print(turn, flush=True)
"""


def run(failpoints: str | None):
    setting = {} if failpoints is None else {module.VARIABLE: failpoints}
    command = [sys.executable, "-c", SCRIPT]
    return subprocess.run(command, env=environment() | setting, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("failpoints", [None, "", "other=kill", "one=kill@9"])
def test_a_place_that_is_not_named_or_not_yet_reached_is_passed_by(failpoints):
    assert (run(failpoints).returncode, run(failpoints).stdout) == (0, "0\n1\n2\n3\n")


def test_a_process_is_killed_at_the_place_that_is_named():
    ended = run("two=kill@3")

    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, "0\n1\n")


def test_a_place_can_fail():
    ended = run(" one = raise@2 ,two=sleep:0")

    assert ended.stdout == "0\n"
    assert "FailpointError" in ended.stderr


def test_a_process_can_stand_still():
    begun = time.monotonic()

    assert run("one=sleep:0.4@1,two=sleep:0.3@2").returncode == 0
    assert time.monotonic() - begun >= 0.7


def test_a_wrong_action_is_told():
    assert "no such action: explode" in run("one=explode").stderr


def test_without_failpoints_a_place_costs_nothing_worth_counting():
    assert failpoint is module._pass_by
