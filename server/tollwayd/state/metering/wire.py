"""One connection to a Redis server, for bytes out and replies in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import hiredis

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio.connection import AbstractConnection

_MORE: Final = object()


class Wire(asyncio.Protocol):
    """A connection that redis-py has made (addresses, TLS, AUTH, SELECT), taken over after its handshake.

    redis-py would wait for each reply by itself, at several times what a script costs in all. `on_replies` gets those
    of one read, errors as `hiredis.ReplyError`; `on_lost` is called once when the connection ends, whoever ended it.
    """

    def __init__(
        self, connection: AbstractConnection, on_replies: Callable[[list[Any]], None], on_lost: Callable[[Wire], None]
    ) -> None:
        self._connection = connection  # Its stream objects close the transport when they are dropped.
        self._reader = hiredis.Reader(notEnoughData=_MORE)
        self._on_replies = on_replies
        self._on_lost = on_lost
        writer = connection._writer  # noqa: SLF001  # The only way to the transport.
        assert writer
        self._transport = writer.transport
        if self._transport.is_closing():  # Nobody would tell.
            raise ConnectionResetError
        self._transport.set_protocol(self)

    def write(self, data: bytes) -> None:
        """Sends bytes."""
        self._transport.write(data)

    def abort(self) -> None:
        """Ends the connection now."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        replies: list[Any] = []
        while (reply := self._reader.gets()) is not _MORE:
            replies.append(reply)
        self._on_replies(replies)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        # Else redis-py would warn of a connection that nobody closed.
        self._connection._writer = self._connection._reader = None  # noqa: SLF001
        self._on_lost(self)
