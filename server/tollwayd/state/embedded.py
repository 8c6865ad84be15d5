"""The embedded Redis: a real server that runs on the data folder beside the gateway, so that one command is enough.

Gateways on one data folder share one server: whoever finds the folder free starts it and will stop it, the others
attach. Each watches it through a connection of its own. When it goes (a crash, or its gateway has stopped), whoever
notices first starts it again, and the data are as they were: the append-only file keeps every acknowledged write.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

from tollwayd.state.flushing import flush_on
from tollwayd.state.outage import pauses
from tollwayd.state.server_binary import EmbeddedRedisError, find_server
from tollwayd.state.server_link import ServerLink
from tollwayd.state.server_process import LOG, end, lock, spawn

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Iterator

START_SECONDS: Final = 60.0
"""How long a server may take to read its data before it counts as failed; about 10 GB of them."""

LONGEST_POLL: Final = 0.1
"""Seconds between two looks at most whether a starting server is ready."""

LONGEST_RESTART_PAUSE: Final = 30.0
"""Seconds between two restarts at most, of a server that keeps dying."""

STEADY_SECONDS: Final = 60.0
"""A server that lived so long is not one that keeps dying: the next pause is short again."""

MAX_SOCKET_PATH: Final = 103
"""Bytes in the path of a Unix socket: `sun_path` has 104 with its end on macOS, 108 on Linux."""

_SOCKET: Final = "redis.sock"

_logger = logging.getLogger(__name__)


class EmbeddedRedis:
    """A Redis server on `data_dir`, from `start` to `stop` (or `async with`). No TCP port; it listens on a Unix socket.

    `start` raises EmbeddedRedisError, with a text for the operator. Later troubles are logged, and tried again.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir.absolute() / "redis"
        self._socket = self._folder / _SOCKET
        self._alias: Path | None = None
        self._process: Process | None = None
        self._link: ServerLink | None = None
        self._watch: asyncio.Task[None] | None = None
        self._flushing: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The server's URL; valid from `start` to `stop`."""
        return f"unix://{quote(str(self._socket))}"

    async def start(self) -> None:
        """Returns when the server is ready."""
        self._prepare()
        try:
            self._link = await self._connect()
        except BaseException:
            await self.stop()
            raise
        self._watch = asyncio.create_task(self._keep(self._link))
        self._flushing = asyncio.create_task(flush_on(self._folder))

    async def stop(self) -> None:
        """Stops the server where this gateway started it; a gateway that shares it will start it again."""
        tasks = [task for task in (self._watch, self._flushing) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._link:
            self._link.close()
        if self._process:
            await end(self._process)
        if self._alias:
            shutil.rmtree(self._alias, ignore_errors=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _prepare(self) -> None:
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        # The socket asks for no password, so nobody else may come near it, also where the folder was there before.
        self._folder.chmod(0o700)
        if len(os.fsencode(self._socket)) > MAX_SOCKET_PATH:
            self._alias = Path(tempfile.mkdtemp(prefix="tollway-"))
            (self._alias / "redis").symlink_to(self._folder)
            self._socket = self._alias / "redis" / _SOCKET

    async def _connect(self) -> ServerLink:
        """A connection to the folder's server, which is started where none runs."""
        started = False
        deadline = time.monotonic() + START_SECONDS
        for pause in pauses(LONGEST_POLL):
            started = started or await self._start_if_free()
            if link := await ServerLink.open(self._socket):
                return link
            if time.monotonic() > deadline or (started and self._process and self._process.returncode is not None):
                break
            await asyncio.sleep(pause)
        raise EmbeddedRedisError(f"the embedded Redis does not start; see {self._folder / LOG}.")

    async def _start_if_free(self) -> bool:
        with lock(self._folder) as locked:
            if locked is None:
                return False
            if self._process:
                await end(self._process)
            server = await asyncio.to_thread(find_server)
            self._process = await spawn(server, self._folder, self._socket, locked)
            return True

    async def _keep(self, link: ServerLink) -> None:
        retries = pauses(LONGEST_RESTART_PAUSE)
        while True:
            since = time.monotonic()
            await link.lost()
            link.close()
            _logger.warning("The embedded Redis has stopped; starting it again.")
            if time.monotonic() - since > STEADY_SECONDS:
                retries = pauses(LONGEST_RESTART_PAUSE)
            self._link = link = await self._reconnect(retries)

    async def _reconnect(self, retries: Iterator[float]) -> ServerLink:
        while True:
            await asyncio.sleep(next(retries))
            try:
                return await self._connect()
            except EmbeddedRedisError as error:
                _logger.error("%s", error)  # noqa: TRY400  # Its text is meant for the operator; there is no more to it.
