"""One of several processes that serve as one, and what it has with its supervisor."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import TYPE_CHECKING, assert_never

from tollwayd.app import App
from tollwayd.start_error import MISTAKE, StartError
from tollwayd.workers.channel import Applied, Ask, Channel, Family, Ready, Told
from tollwayd.workers.everywhere import Everywhere

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tollwayd.listeners import Addresses
    from tollwayd.settings import Settings
    from tollwayd.telemetry.logs import WriteLine


class Worker:
    """A gateway whose ports others share. Its standard input is the channel to the supervisor: when that ends, so does
    the worker, having drained."""

    def __init__(self, settings: Settings, call_lines: WriteLine | None) -> None:
        self._everywhere = Everywhere()
        self._app = App(settings, call_lines, self._everywhere)

    @property
    def serving(self) -> bool:
        """Whether the start is over."""
        return self._app.serving

    @property
    def addresses(self) -> Addresses:
        """What its listeners are bound to."""
        return self._app.addresses

    def stop(self) -> None:
        """Asks it to drain and end."""
        self._app.stop()

    async def run(self) -> None:
        """Serves until `stop`, or until the supervisor is gone. StartError."""
        channel = await _channel()
        tasks = [asyncio.create_task(work) for work in (self._listen(channel), self._tell_versions(channel))]
        try:
            await self._app.run(lambda app: self._tell_ready(channel, app))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            channel.close()

    async def _tell_ready(self, channel: Channel, app: App) -> None:
        channel.send(Ready(app.addresses))

    async def _tell_versions(self, channel: Channel) -> None:
        version = 0
        while True:
            await self._app.current.reached(version + 1)
            version = self._app.current.snapshot.version
            channel.send(Applied(version))

    async def _listen(self, channel: Channel) -> None:
        while (message := await channel.receive()) is not None:
            match message:
                case Ask():
                    channel.send(Told([*self._families()]))
                case Applied(version):
                    self._everywhere.move(version)
                case Ready() | Told():  # What workers say.
                    pass
                case _:
                    assert_never(message)
        self.stop()

    def _families(self) -> Iterator[Family]:
        for metric in self._app.metrics.collect():
            samples = [(sample.name, tuple(sample.labels.items()), sample.value) for sample in metric.samples]
            yield Family(metric.name, metric.documentation, metric.type, samples)


async def _channel() -> Channel:
    try:
        end = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    except OSError as error:
        text = "a worker is started by a supervisor; run 'tollway serve --workers N'."
        raise StartError(text, status=MISTAKE) from error
    return await Channel.over(end)
