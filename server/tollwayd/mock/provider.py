"""The mock provider: an AI service on a port of its own that answers by script."""

from __future__ import annotations

import asyncio
import logging
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tollwayd.mock.connection import Connection
from tollwayd.mock.exchange import RequestError
from tollwayd.mock.journal import Journal
from tollwayd.mock.playback import Playback
from tollwayd.mock.recording import load_recordings
from tollwayd.mock.reply import Composer
from tollwayd.mock.routes import OPENAI, find_endpoint
from tollwayd.mock.rules import Rulebook
from tollwayd.mock.script import to_script

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Mapping
    from types import TracebackType

    from tollwayd.mock.dialect import Dialect
    from tollwayd.mock.journal import Received
    from tollwayd.mock.reply import Reply
    from tollwayd.mock.script import Script

logger = logging.getLogger("tollwayd.mock")


class MockProvider:
    """A scripted provider, listening while its `async with` block runs.

        async with MockProvider({"rules": [{"answer": {"text": "Hello."}}]}) as provider:
            client = AsyncOpenAI(base_url=f"{provider.url}/v1", api_key="any")

    `script` is a Script, the mapping that its YAML would be, or a Path to its file; without one every call is echoed.
    Recordings stand beside the script's file, or in the working folder. ScriptError where it cannot be used. With port
    0 the first block chooses a free port; one that is entered again listens on the same port again.
    """

    def __init__(
        self, script: Script | Mapping[str, Any] | Path | None = None, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.host = host
        self.port = port
        self._folder = script.parent if isinstance(script, Path) else Path()
        self._journal = Journal()
        self._numbers = count(1)
        self._connection_numbers = count(1)
        self._connections: set[Connection] = set()
        self.use(script)

    @property
    def url(self) -> str:
        """Where it listens, without a path: `http://127.0.0.1:40123`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def requests(self) -> deque[Received]:
        """The newest requests in the order of their arrival, at most `KEPT_REQUESTS`."""
        return self._journal.requests

    async def next_request(self, within: float = 5.0) -> Received:
        """The next request that no earlier call has given, once it is there. TimeoutError after `within` seconds."""
        return await asyncio.wait_for(self._journal.next(), within)

    def use(self, script: Script | Mapping[str, Any] | Path | None) -> None:
        """Answers by this script from now on, with every rule unused. ScriptError."""
        self._script = to_script(script)
        self._recordings = load_recordings(self._script, self._folder)
        self._rules = Rulebook(self._script)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        connections = list(self._connections)
        for connection in connections:
            connection.drop()
        for connection in connections:
            await connection.ended()
        await self._server.wait_closed()

    def _connect(self) -> Connection:
        return Connection(next(self._connection_numbers), self._serve, self._connections)

    async def _serve(self, received: Received, connection: Connection) -> None:
        self._journal.add(received)
        status = 0
        try:
            reply = self._reply(received)
            status = reply.status
            await Playback(reply, received, connection).play()
        except Exception:
            # A mistake in the mock must not pass for a scripted fault.
            logger.exception("the mock provider failed")
            connection.drop()
        finally:
            _log(received, status)

    def _reply(self, received: Received) -> Reply:
        dialect: Dialect = OPENAI
        number = next(self._numbers)
        try:
            dialect, operation = find_endpoint(received)
            self._check_key(received, dialect)
            asked = dialect.read(received, operation)
            received.rule, answer = self._rules.choose(dialect.name, asked, received.headers)
        except RequestError as error:
            return Composer(dialect, number).refuse(error.failure)
        recording = self._recordings[answer.recording] if answer.recording is not None else None
        return Composer(dialect, number).compose(asked, answer, recording, self._script.models)

    def _check_key(self, received: Received, dialect: Dialect) -> None:
        key = dialect.key(received)
        wanted = self._script.require_key
        if wanted and key != wanted and not (wanted is True and key):
            raise dialect.denial(key)


async def serve(host: str, port: int, script: Path | None = None) -> None:
    """Runs a mock provider until it is cancelled, and logs where it listens. ScriptError, OSError."""
    async with MockProvider(script, host=host, port=port) as provider:
        logger.info("mock provider listens at %s", provider.url)
        await asyncio.get_running_loop().create_future()


def _log(received: Received, status: int) -> None:
    logger.info(
        "%s %r status=%d rule=%r%s",
        received.method,
        received.path,
        status,
        received.rule,
        " client left" if received.left is not None else "",
    )
