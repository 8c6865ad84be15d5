"""Failpoints: named places at which a test has a process end, fail or stand still. Nowhere else do they do anything.

`TOLLWAY_FAILPOINTS` says at which: `meter.settled=kill@3,spool.written=raise`. An action is `kill` (the process ends as
by kill -9), `raise` (FailpointError) or `sleep:SECONDS` (the whole process stands still, as one that the machine gave
no time); `@3` has it done the third time alone, without it is done every time.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Final

__all__ = ["VARIABLE", "FailpointError", "failpoint"]

VARIABLE: Final = "TOLLWAY_FAILPOINTS"


class FailpointError(Exception):
    """What was asked for."""


class _Action:
    def __init__(self, text: str) -> None:
        what, at, nth = text.partition("@")
        self._kind, _, argument = what.partition(":")
        self._seconds = float(argument or 0)
        self._nth = int(nth) if at else 0
        self._times = 0
        if self._kind not in {"kill", "raise", "sleep"}:
            raise ValueError(f"{VARIABLE}: no such action: {self._kind}")

    def __call__(self) -> None:
        self._times += 1
        if self._nth not in {0, self._times}:
            return
        match self._kind:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "sleep":
                time.sleep(self._seconds)
            case _:
                raise FailpointError


def _actions(text: str) -> dict[str, _Action]:
    pairs = (part.partition("=") for part in text.split(",") if part)
    return {name.strip(): _Action(action.strip()) for name, _, action in pairs}


_armed: Final = _actions(os.environ.get(VARIABLE, ""))


def _reach(name: str) -> None:
    if action := _armed.get(name):
        action()


def _pass_by(name: str) -> None:
    pass


failpoint: Final = _reach if _armed else _pass_by
"""Marks a place by its name. It costs nothing worth counting (30 ns) where none is set."""
