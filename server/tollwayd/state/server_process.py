"""One Redis server process on a folder: its options, its lock, its life."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from asyncio.subprocess import PIPE, Process
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tollwayd.state.server_binary import EmbeddedRedisError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tollwayd.state.server_binary import ServerBinary

LOG: Final = "redis.log"
"""The server's log, in its folder; warnings only, so it stays small."""

STOP_SECONDS: Final = 10.0
"""How long a stopping server may take to write its data to disk before it is killed."""

_GUARD: Final = Path(__file__).with_name("guard.sh")
_LOCK: Final = "lock"
_MULTI_PART_AOF: Final = (7, 0)
_MULTI_PART_FOLDER: Final = "appendonlydir"


@contextmanager
def lock(folder: Path) -> Iterator[int | None]:
    """Takes the folder for a server of ours: an open file, to be given to `spawn`. None while a server lives on it.

    A server inherits the open file, so the lock lasts exactly as long as the server does, whatever becomes of us.
    """
    file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield file if _take(file) else None
    finally:
        os.close(file)


async def spawn(server: ServerBinary, folder: Path, socket: Path, locked: int) -> Process:
    """Starts a server that listens at a Unix socket and keeps its data in a folder. It ends when we do."""
    _check_format(server, folder)
    with (folder / LOG).open("ab") as log:
        return await asyncio.create_subprocess_exec(
            "/bin/sh",
            _GUARD,
            server.path,
            *_options(folder, socket),
            stdin=PIPE,
            # The server logs to its file and never writes here: this is how it inherits the lock.
            stdout=locked,
            stderr=log,
            env=_environment(),
            # A Ctrl-C in the terminal is for the gateway, which still needs the server to drain.
            start_new_session=True,
        )


async def end(process: Process) -> None:
    """Stops a server and waits for it, also one that has ended by itself."""
    assert process.stdin
    process.stdin.close()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _take(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _options(folder: Path, socket: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "no",  # See `flushing`.
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": str(folder / LOG),
        "loglevel": "warning",
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]


def _environment() -> dict[str, str]:
    # Ours may hold credentials, which a server has no need of.
    return {name: value for name, value in os.environ.items() if not name.startswith("TOLLWAY_")}


def _check_format(server: ServerBinary, folder: Path) -> None:
    # An older server would not see what a newer one has written, start empty, and all configuration would seem gone.
    if server.version < _MULTI_PART_AOF and (folder / _MULTI_PART_FOLDER).is_dir():
        raise EmbeddedRedisError(
            "the data were written by Redis 7 or newer, but the only server found is older. "
            "Install redis-server 7 or newer, or valkey-server."
        )
