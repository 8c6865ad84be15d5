"""Up to which version of the configuration the workers of a crew serve: what each of them is told of all.

The workers are processes that pass on what the test says in their place.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

import pytest
from prometheus_client import CollectorRegistry

from tests.running.gateway import environment
from tollwayd.start_error import StartError
from tollwayd.workers.channel import Applied, Channel, Ready
from tollwayd.workers.crew import Crew
from tollwayd.workers.merged_metrics import MergedMetrics

if TYPE_CHECKING:
    from pathlib import Path

SOON = 10
"""Seconds in which all that is waited for has come."""

ADDRESSES = {"proxy_http": ("127.0.0.1", 1)}
WORKER = """
import os, socket, threading
ours, tests = socket.socket(fileno=os.dup(0)), socket.create_connection(("127.0.0.1", int(os.environ["TESTS_PORT"])))
def pass_on(one, other):
    while data := one.recv(65536):
        other.sendall(data)
    os._exit(0)
threading.Thread(target=pass_on, args=(tests, ours)).start()
pass_on(ours, tests)
"""


class Stage:
    """A crew, and the workers that it starts, each of which the test speaks for by a channel."""

    def __init__(self, folder: Path) -> None:
        (folder / "tollwayd").mkdir()
        (folder / "tollwayd" / "__init__.py").touch()
        (folder / "tollwayd" / "__main__.py").write_text(WORKER)
        self._folder = folder
        self._started: asyncio.Queue[Channel] = asyncio.Queue()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        settings = environment() | {"PYTHONPATH": str(self._folder), "TESTS_PORT": str(port)}
        self.crew = Crew(settings, MergedMetrics(CollectorRegistry()))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.crew.end(0)
        for writer in self._writers:
            writer.close()
            await writer.wait_closed()
        self._server.close()
        await self._server.wait_closed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        await self._started.put(Channel(reader, writer))

    async def started(self) -> Channel:
        """The next worker that has been started."""
        async with asyncio.timeout(SOON):
            return await self._started.get()


@pytest.fixture
async def stage(tmp_path):
    async with Stage(tmp_path) as stage:
        yield stage


async def told(worker: Channel) -> int:
    """By which version all serve, as this worker is told next."""
    async with asyncio.timeout(SOON):
        message = await worker.receive()
    assert isinstance(message, Applied)
    return message.version


async def one_serves_and_one_starts(stage):
    """The start of both, and the workers; the first waits for what the second has loaded."""
    starting = asyncio.ensure_future(stage.crew.start(2))
    one = await stage.started()
    one.send(Applied(5))
    one.send(Ready(ADDRESSES))
    two = await stage.started()
    assert await told(one) == 5
    two.send(Applied(4))
    assert await told(one) == 4
    return starting, one, two


async def test_all_serve_by_the_least_version_and_are_told_when_it_grows(stage):
    starting = asyncio.ensure_future(stage.crew.start(2))
    one = await stage.started()
    one.send(Applied(5))
    one.send(Ready(ADDRESSES))
    two = await stage.started()
    two.send(Applied(6))
    two.send(Ready(ADDRESSES))
    assert await starting == ADDRESSES
    assert [await told(one), await told(two)] == [5, 5]
    one.send(Applied(7))
    assert [await told(one), await told(two)] == [6, 6]


async def test_a_worker_that_starts_is_waited_for_from_what_it_has_loaded_on(stage):
    """It listens before it says so, and is given connections."""
    starting, one, two = await one_serves_and_one_starts(stage)
    one.send(Applied(6))
    two.send(Applied(5))
    assert await told(one) == 5
    two.send(Ready(ADDRESSES))
    await starting
    assert await told(two) == 5
    two.send(Applied(6))
    assert [await told(one), await told(two)] == [6, 6]


async def test_a_worker_that_ends_as_it_starts_holds_nobody_up(stage):
    starting, one, two = await one_serves_and_one_starts(stage)
    two.close()
    assert await told(one) == 5
    with pytest.raises(StartError):
        await starting
