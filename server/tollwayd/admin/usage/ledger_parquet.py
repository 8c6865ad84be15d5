"""Parquet files of the ledger, made by a process of their own out of JSON lines."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import aclosing, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import Reason, TollwayError, invalid_field

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncGenerator

    Lines = AsyncGenerator[bytes, None]

__all__ = ["ParquetFiles", "require_pyarrow"]

PROGRAM: Final = "tollwayd.admin.usage.parquet_program"

MAX_PROGRAMS: Final = 2
"""Files made at once; each takes some 100 MB of the machine's memory. Who finds both busy waits."""

PIECE_BYTES: Final = 65_536
"""Of the file, given at once."""

_log = logging.getLogger(__name__)


def require_pyarrow() -> None:
    """REASON_FIELD_INVALID where pyarrow is not installed. Looks for it without importing it."""
    if find_spec("pyarrow") is None:
        raise invalid_field("format", "PARQUET needs pyarrow on the gateway's machine: pip install 'tollway[parquet]'")


class ParquetFiles:
    """Makes files, MAX_PROGRAMS at the same time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(MAX_PROGRAMS)

    async def pieces(self, lines: Lines) -> AsyncGenerator[bytes, None]:
        """The file of some JSON lines. Raises what reading the lines raised: the file is then no whole one."""
        async with aclosing(lines), self._turns:
            program = await _start()
            feeding = asyncio.create_task(_feed(program, lines))
            try:
                assert program.stdout is not None
                while piece := await program.stdout.read(PIECE_BYTES):
                    yield piece
                await feeding
                if status := await program.wait():
                    _log.error("The program that makes Parquet files ended with status %d.", status)
                    raise TollwayError(Reason.REASON_INTERNAL)
            finally:
                feeding.cancel()
                _kill(program)
                await asyncio.gather(feeding, program.wait(), return_exceptions=True)


async def _start() -> Process:
    # It needs to find its modules, and none of the settings, which are secrets in part.
    paths = os.pathsep.join(filter(None, sys.path))
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        PROGRAM,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # What it says of a failure quotes the rows.
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": paths},
    )


async def _feed(program: Process, lines: Lines) -> None:
    assert program.stdin is not None
    try:
        # A program that has ended already tells why by its status.
        with suppress(BrokenPipeError, ConnectionResetError):
            async for piece in lines:
                program.stdin.write(piece)
                await program.stdin.drain()
        program.stdin.close()
    except BaseException:
        # At the end of its input it would end the file as if it were whole.
        _kill(program)
        raise


def _kill(program: Process) -> None:
    with suppress(ProcessLookupError):
        program.kill()
