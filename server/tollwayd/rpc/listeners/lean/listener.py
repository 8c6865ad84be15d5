"""A server of HTTP/2 connections at one address."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import Reason
from tollwayd.rpc.listeners.lean.connection import Connection, Limits
from tollwayd.rpc.listeners.lean.counts import Counts, new_id
from tollwayd.rpc.listeners.lean.frames import Code
from tollwayd.rpc.methods import refuse
from tollwayd.rpc.options import MAX_METADATA_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tollwayd.rpc.listeners.lean.stream import CallStream
    from tollwayd.rpc.methods import Methods

MAX_SECONDS = 366 * 86400.0
"""A deadline beyond is none."""

_BACKLOG = 1024

_log = logging.getLogger(__name__)

OPEN: Final[dict[int, LeanListener]] = {}
"""Those of the process that listen, by their ids: channelz shows all of a process, as it does grpcio's."""


class LeanListener:
    """A GrpcListener (`rpc/listeners/listener.py`). `id` tells it from all of the process, `connections` are those that
    are open, and `counts` its calls."""

    def __init__(self, methods: Methods, max_message_bytes: int) -> None:
        self.id: Final = new_id()
        self.counts: Final = Counts()
        self.connections: Final[set[Connection]] = set()
        self._methods: Final = methods
        self._limits: Final = Limits(max_message_bytes, MAX_METADATA_BYTES)
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int, *, reuse_port: bool) -> tuple[str, int]:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._accept, host, port, backlog=_BACKLOG, reuse_port=reuse_port or None
        )
        OPEN[self.id] = self
        return host, self._server.sockets[0].getsockname()[1]

    async def stop(self, grace: float) -> None:
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            connection.leave()
        tasks = [task for connection in self.connections for task in connection.tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for connection in tuple(self.connections):
            connection.close()
        OPEN.pop(self.id, None)

    def _accept(self) -> Connection:
        return Connection(self._serve, self.connections, self._limits)

    async def _serve(self, stream: CallStream) -> None:
        self.counts.started += 1
        stream.connection.counts.started += 1
        succeeded = False
        try:
            succeeded = await self._answer(stream)
        except asyncio.CancelledError:
            stream.reset(Code.CANCEL)
        except Exception:  # noqa: BLE001 - its traceback is logged, and the call is all that it may cost.
            _log.exception("the gRPC door failed")
            stream.reset(Code.INTERNAL_ERROR)
        finally:
            self.counts.end(succeeded=succeeded)
            stream.connection.counts.end(succeeded=succeeded)
            stream.task = None  # Else a cycle, with all that the call held.

    def _answer(self, stream: CallStream) -> Awaitable[bool]:
        head = stream.head
        if head.timeout is not None:
            seconds = min(head.timeout, MAX_SECONDS)
            stream.late = asyncio.get_running_loop().call_later(seconds, self._end_late, stream.task)
        if head.refusal is not None:
            return refuse(stream, head.refusal)
        return self._methods.find(head.path).answer(stream)

    def _end_late(self, task: asyncio.Task[None] | None) -> None:
        if task is not None:
            self._methods.cut_one(task, Reason.REASON_DEADLINE_EXCEEDED)
