"""A call of grpc.aio's as the gRPC door's methods see it."""

from __future__ import annotations

import asyncio
import sys
import time
from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import unquote

import grpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from tollwayd.rpc.stream import Pairs

    Context = grpc.aio.ServicerContext[Any, bytes]
    ResultT = TypeVar("ResultT")

KEPT_PEERS = 1024
"""Peers whose addresses are kept: a connection's calls all come from one."""

_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


class ContextStream:
    """A Stream (`rpc/stream.py`) over a servicer's context. `only` is the answer of a call that has no stream of them:
    grpc.aio sends what its handler returns together with the status.
    """

    def __init__(self, context: Context, *, streams: bool) -> None:
        remaining = context.time_remaining()
        self.metadata: Final = _metadata(context)
        self.peer: Final = _address(context.peer())
        self.deadline: Final = None if remaining is None else time.monotonic() + remaining
        self.only: bytes | None = None
        self._context: Final = context
        self._streams: Final = streams
        self._held: Pairs | None = None

    async def read(self) -> bytes | None:
        data: Any = await _unless_left(self._context.read())
        return None if data is grpc.aio.EOF else data

    def begin(self, metadata: Pairs) -> None:
        self._held = metadata

    def put(self, _: bytes) -> bool:
        return False  # Whether there is room grpc.aio does not tell.

    async def write(self, message: bytes) -> None:
        # Not as a generator: one that grpc.aio cancels at its `yield` stays unclosed until garbage collection, and with
        # it the connection to the provider.
        await self._send_head()
        await _unless_left(self._context.write(message))

    async def finish(self, trailers: Pairs, message: bytes | None = None) -> None:
        await self._send_head()
        if message is not None and self._streams:
            await _unless_left(self._context.write(message))
        elif message is not None:
            self.only = message
        if trailers:
            self._context.set_trailing_metadata(trailers)

    async def abort(self, code: int, text: str, trailers: Pairs) -> None:
        """As `Stream.abort`; it raises AbortError, which grpc.aio is to be given."""
        _forget_frames(sys.exception())
        await self._send_head()
        try:
            await self._context.abort(_CODES[code], text, trailers)
        except grpc.aio.InternalError:
            raise asyncio.CancelledError from None

    async def _send_head(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            await _unless_left(self._context.send_initial_metadata(held))


async def _unless_left(step: Awaitable[ResultT]) -> ResultT:
    try:
        return await step
    except grpc.aio.BaseError:
        raise asyncio.CancelledError from None


def _metadata(context: Context) -> Mapping[str, str]:
    metadata: dict[str, str] = {}
    for key, value in context.invocation_metadata() or ():
        text = value if isinstance(value, str) else b64encode(value).decode()
        metadata[key] = f"{metadata[key]}, {text}" if key in metadata else text
    return metadata


@lru_cache(KEPT_PEERS)
def _address(peer: str) -> str:
    """`ipv4:127.0.0.1:50412` → `127.0.0.1`; `ipv6:%5B::1%5D:50412` → `::1`."""
    _, _, address = unquote(peer).partition(":")
    host, _, _ = address.rpartition(":")
    return host.strip("[]")


def _forget_frames(error: BaseException | None) -> None:
    """grpc.aio keeps what a call is aborted within in a cycle, until a collection: with the frames that the error came
    through it would keep their request, of megabytes maybe, of which collections know nothing.
    """
    seen = set()
    while error is not None and id(error) not in seen:  # An error can be its own cause's context.
        seen.add(id(error))
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
