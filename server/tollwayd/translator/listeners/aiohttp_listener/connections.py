"""The connections of one listener, and room for new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from tollwayd.translator.listeners.aiohttp_listener.connection import Connection
from tollwayd.translator.listeners.room import make_room

if TYPE_CHECKING:
    from asyncio import Transport

    from aiohttp.web import BaseRequest
    from aiohttp.web_protocol import RequestHandler

    from tollwayd.translator.options import OnRefusal
    from tollwayd.translator.request import Answer


class Connections(web.Server):
    """Makes the connections of one listener, at most `limit` at once. `on_refusal` hears of what is refused; further
    keyword arguments are those of Connection.
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

    def connection_made(self, handler: Any, transport: Transport) -> None:
        super().connection_made(handler, transport)
        held: Any = self._connections
        if len(held) > self._limit:
            make_room(held, handler)


async def _unused(_: BaseRequest) -> web.StreamResponse:
    raise AssertionError("connections answer by themselves")
