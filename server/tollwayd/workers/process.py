"""A worker as its supervisor sees it: a process, and a channel to it."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tollwayd.workers.channel import Applied, Ask, Channel, Family, Ready, Told

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Mapping

    from tollwayd.listeners import Addresses

ANSWER_SECONDS: Final = 2.0
"""How long a scrape waits for a worker; of one that is stuck it has what was told before."""

COMMAND: Final = ("-m", "tollwayd", "worker")


class WorkerProcess:
    """A worker from its start to its end. `version` is that of the configuration by which it serves."""

    def __init__(self, process: Process, channel: Channel, on_applied: Callable[[], None]) -> None:
        self._process = process
        self._channel = channel
        self._on_applied = on_applied
        self._told: asyncio.Future[list[Family]] | None = None
        self._ready: asyncio.Future[Addresses] = asyncio.get_running_loop().create_future()
        self._listening = asyncio.create_task(self._listen())
        self.version = 0

    @classmethod
    async def start(cls, environment: Mapping[str, str], on_applied: Callable[[], None]) -> WorkerProcess:
        """Starts one. `on_applied` is called when it serves by another version."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *COMMAND,
                stdin=theirs.fileno(),
                env=environment,
                # A Ctrl-C in the terminal is for the supervisor, which has its workers drain.
                start_new_session=True,
            )
        return cls(process, await Channel.over(ours), on_applied)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def ready(self) -> Addresses | None:
        """What it is bound to, once it serves; None where it has ended before."""
        await asyncio.wait((self._ready, self._listening), return_when=asyncio.FIRST_COMPLETED)
        return self._ready.result() if self._ready.done() else None

    async def metrics(self) -> list[Family] | None:
        """Its metrics; None where it does not tell."""
        told = self._told
        if told is None:
            told = self._told = asyncio.get_running_loop().create_future()
            self._channel.send(Ask())
        waits = (told, self._listening)
        await asyncio.wait(waits, timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        return told.result() if told.done() else None

    def tell_applied(self, version: int) -> None:
        """Tells it that all serve by a version."""
        self._channel.send(Applied(version))

    def drain(self) -> None:
        """Asks it to drain and end; a second time, to end at once."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it, whatever it does."""
        self._signal(signal.SIGKILL)

    async def ended(self) -> int:
        """Waits for its end; the exit status."""
        status = await self._process.wait()
        await asyncio.wait((self._listening,))
        self._channel.close()
        return status

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def _listen(self) -> None:
        while (message := await self._channel.receive()) is not None:
            match message:
                case Ready(addresses):
                    self._ready.set_result(addresses)
                case Applied(version):
                    self.version = version
                    self._on_applied()
                case Told(families):
                    self._answer(families)

    def _answer(self, families: list[Family]) -> None:
        told, self._told = self._told, None
        if told is not None:
            told.set_result(families)
