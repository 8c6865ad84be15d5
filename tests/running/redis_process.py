"""One Redis server process on loopback, to be harmed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from tollwayd.state import server_process
from tollwayd.state.connection import connect
from tollwayd.state.server_binary import find_server

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis

SOON = 30.0
"""Seconds: far more than any server here takes to do what it has to, so that a test which fails does not hang."""


def free_port() -> int:
    """A port that is free, and whose cluster bus (10,000 above it) has a number at all."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as free:
            if (port := free.getsockname()[1]) < 55_000:
                return port


class RedisProcess:
    """A server in a folder of its own. `first` is what stands before the options: a configuration file."""

    def __init__(self, folder: Path, *first: str, **options: object) -> None:
        folder.mkdir()
        self.folder = folder
        self.port = free_port()
        self.pid = 0
        self._first = first
        self._options = {"bind": "127.0.0.1", "dir": folder, "logfile": folder / "log", "save": "", **options}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Starts it, or again, and returns when it answers. It ends when this process does."""
        options = {"port": self.port, **self._options}
        words = [str(word) for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
        # The program of `server_process`, as it outlives no test run that is killed.
        self._process = subprocess.Popen(  # noqa: ASYNC220  # It belongs to no event loop, and is ended from any.
            ["/bin/sh", server_process._GUARD, find_server().path, *self._first, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        async with asyncio.timeout(SOON), connect(self.url) as client:
            while not self.pid:
                self.pid = await _pid(client)

    def kill(self) -> None:
        """Ends it as a crash does."""
        os.kill(self.pid, signal.SIGKILL)
        self.end()

    def freeze(self) -> None:
        """Keeps it from doing anything: its connections stand, and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """Ends it, whatever its state; one that has ended already, too."""
        if self._process:
            with self._process as process:
                os.killpg(process.pid, signal.SIGCONT)
                os.killpg(process.pid, signal.SIGKILL)
        self._process, self.pid = None, 0


async def _pid(client: Redis) -> int:
    try:
        return int((await client.info("server"))["process_id"])
    except RedisError:
        await asyncio.sleep(0.01)
        return 0
