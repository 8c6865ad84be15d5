"""The append-only file of the embedded Redis goes to the disk every second, by us and not by Redis.

With `appendfsync everysec` Redis flushes in a thread of its own and, while a slow flush is under way, holds back what
it would write for up to two seconds: a crash then loses what was acknowledged in that time. With `appendfsync no` it
writes before it acknowledges, always, so its crash loses nothing; and with our flush a loss of power loses a second,
or as much more as the disk is behind.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLUSH_SECONDS: Final = 1.0
"""Between the end of a flush and the next."""

_logger = logging.getLogger(__name__)


async def flush_on(folder: Path) -> None:
    """Flushes the append-only files of a server's folder, again and again, until cancelled."""
    flushed: dict[Path, int] = {}
    failing = False
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        try:
            await asyncio.to_thread(_flush, folder, flushed)
            failing = False
        except OSError as error:
            if not failing:
                _logger.error("The embedded Redis's data cannot be flushed to disk: %s.", error.strerror)  # noqa: TRY400
            failing = True


def _flush(folder: Path, flushed: dict[Path, int]) -> None:
    for path in _files(folder):
        changed = path.stat().st_mtime_ns
        if flushed.get(path) != changed:
            _flush_file(path)
            flushed[path] = changed


def _files(folder: Path) -> Iterator[Path]:
    yield from folder.glob("*.aof")
    yield from folder.glob("appendonlydir/*.aof")  # Of Redis 7 and newer.


def _flush_file(path: Path) -> None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # A rewrite has replaced it; Redis flushes what it makes then.
    try:
        os.fdatasync(file) if hasattr(os, "fdatasync") else os.fsync(file)
    finally:
        os.close(file)
