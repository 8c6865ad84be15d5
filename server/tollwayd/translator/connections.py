"""The connections of one listener, and room for new ones."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from tollwayd.core.errors import Reason
from tollwayd.translator.connection import Connection

if TYPE_CHECKING:
    from asyncio import Transport

    from aiohttp.web import BaseRequest
    from aiohttp.web_protocol import RequestHandler

    from tollwayd.translator.connection import Answer
    from tollwayd.translator.options import OnRefusal

_LOOKED_AT = 64
"""Of the oldest connections, for one without a request: to look at all of thousands would cost more than a request."""


class Connections(web.Server):
    """Makes the connections of one listener, at most `limit` at once: then the oldest one without a request makes room,
    and where all of those looked at have one, the new one is turned away. So nobody can take the process's descriptors
    by holding connections. `on_refusal` hears of what is refused; further keyword arguments are those of Connection.
    """

    def __init__(self, answer: Answer, limit: int, on_refusal: OnRefusal | None = None, **settings: Any) -> None:
        super().__init__(_unused, **settings)
        self._answer: Final = answer
        self._limit: Final = limit
        self._on_refusal: Final = on_refusal

    def __call__(self) -> RequestHandler:
        made = Connection(self, self._answer, loop=self._loop, **self._kwargs)
        made.on_refusal = self._on_refusal
        return made

    def connection_made(self, handler: RequestHandler, transport: Transport) -> None:
        super().connection_made(handler, transport)
        if len(self._connections) > self._limit:
            self._make_room(handler)

    def _make_room(self, new: Any) -> None:
        oldest: Any
        for oldest in islice(self._connections, _LOOKED_AT):
            if oldest is not new and oldest.waits:
                oldest.force_close()
                return
        new.turn_away(Reason.REASON_CONNECTIONS_EXHAUSTED)


async def _unused(_: BaseRequest) -> web.StreamResponse:
    raise AssertionError("connections answer by themselves")
