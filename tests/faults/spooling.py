"""A process with a spool, for tests to harm: it appends numbers and prints those that are safe, or books what is there
and prints it.

    python -m tests.faults.spooling append FOLDER FIRST
    python -m tests.faults.spooling full FOLDER BYTES
    python -m tests.faults.spooling book FOLDER
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import sys
from pathlib import Path

from tollwayd.state.metering.spool import Spool

AT_ONCE = 8
FILLER = b"." * 200


def record(number: int) -> bytes:
    return b"%d %s" % (number, FILLER)


def number(kept: bytes) -> int:
    text, _, filler = kept.partition(b" ")
    assert filler == FILLER
    return int(text)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def append(spool: Spool, first: str) -> None:
    """Appends until it is killed."""

    async def lane(current: int) -> None:
        while True:
            say(f"{current} {await spool.append(record(current))}")
            current += AT_ONCE

    await asyncio.gather(*(lane(int(first) + offset) for offset in range(AT_ONCE)))


async def full(spool: Spool, size: str) -> None:
    """Appends 100 records, where files can be of that size at most."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
    for current in range(100):
        say(f"{current} {await spool.append(record(current))}")


async def book(spool: Spool) -> None:
    """Books slowly enough to be killed in the middle."""

    async def one(kept: bytes) -> None:
        say(str(number(kept)))
        # A byte each, unbuffered: threads that read lines of one stream at once take each other's.
        await asyncio.to_thread(os.read, sys.stdin.fileno(), 1)

    await spool.replay(one)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, format="%(message)s")
    _, work, folder, *arguments = sys.argv
    asyncio.run({"append": append, "full": full, "book": book}[work](Spool(Path(folder)), *arguments))
