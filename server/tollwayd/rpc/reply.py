"""The answer to one gRPC call: metadata, messages, trailers, and whatever went wrong as a status."""

from __future__ import annotations

import asyncio
import logging
import re
from base64 import b64decode
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

import grpc

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.status import to_status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

    from tollwayd.core.call import Call
    from tollwayd.rpc.registry import ErrorBody

    Context = grpc.aio.ServicerContext[Any, bytes]
    Pairs = tuple[tuple[str, str | bytes], ...]

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_DETAILS = "grpc-status-details-bin"

# gRPC over HTTP/2, "Custom-Metadata". C-Core refuses all else, and with it the whole answer.
_NAME = re.compile(r"[0-9a-z_.-]+")

_KEPT_NAMES = 256
"""Names of metadata that are known to be fit. Those that the gateway sends are a few dozen."""

_log = logging.getLogger(__name__)


class Reply:
    """Either `start`, any number of `write`, and `end`; or `fail`, also after any of them."""

    __slots__ = ("_call", "_context", "_error_body", "_started")

    def __init__(self, context: Context, call: Call, error_body: ErrorBody | None = None) -> None:
        self._context = context
        self._call = call
        self._error_body = error_body
        self._started = False

    async def start(self) -> None:
        """Sends the call's metadata; ValueError where gRPC has no room for it."""
        metadata = pairs(self._call.response_metadata) if self._call.response_metadata else ()
        await self._send(metadata)

    async def write(self, message: Message) -> None:
        """Sends a message, and waits while the client does not keep up."""
        await self._context.write(message.SerializeToString())

    def end(self) -> None:
        """Has the call's trailers go out with its status; ValueError as in `start`."""
        if self._call.trailers:
            self._context.set_trailing_metadata(pairs(self._call.trailers))

    async def fail(self, error: BaseException) -> NoReturn:
        """Tells the caller what went wrong. CancelledError where nobody is there to be told."""
        reason = self._call.reason_for(error)
        if isinstance(reason, grpc.aio.BaseError) or not isinstance(reason, Exception):
            raise asyncio.CancelledError from None
        metadata: Pairs = ()
        trailers: Pairs = ()
        if isinstance(reason, TollwayError):
            try:
                metadata, trailers = pairs(self._call.response_metadata), pairs(self._call.trailers)
            except ValueError as wrong:
                reason = wrong
        if not isinstance(reason, TollwayError):
            reason = self._defect(reason)
        _forget_frames(error)
        try:
            await self._abort(reason, metadata, trailers)
        except grpc.aio.InternalError:
            raise asyncio.CancelledError from None

    async def _abort(self, error: TollwayError, metadata: Pairs, trailers: Pairs) -> NoReturn:
        # After a defect the call's metadata may be what is wrong.
        if metadata and not self._started and error.reason != Reason.REASON_INTERNAL:
            await self._send(metadata)
        status = to_status(error, self._error_body)
        own = ("x-request-id", self._call.id), (_DETAILS, status.SerializeToString())
        await self._context.abort(_CODES[error.rule.code], status.message, (*trailers, *own))

    async def _send(self, metadata: Pairs) -> None:
        self._started = True
        await self._context.send_initial_metadata((("x-request-id", self._call.id), *metadata))

    def _defect(self, error: Exception) -> TollwayError:
        _log.error("Call %s cannot be answered.", self._call.id, exc_info=error)
        return TollwayError(Reason.REASON_INTERNAL)


def _forget_frames(error: BaseException | None) -> None:
    """grpc.aio keeps what a call is aborted within in a cycle, until a collection: with the frames that the error came
    through it would keep their request, of megabytes maybe, of which collections know nothing.
    """
    seen = set()
    while error is not None and id(error) not in seen:  # An error can be its own cause's context.
        seen.add(id(error))
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def pairs(metadata: Mapping[str, str]) -> Pairs:
    """Metadata as grpc.aio takes it, names in `-bin` out of base64; ValueError for what gRPC has no room for."""
    return tuple([(_name(name), _value(name, value)) for name, value in metadata.items()])


@lru_cache(_KEPT_NAMES)
def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("metadata has a name that gRPC has no room for")
    return name


def _value(name: str, value: str) -> str | bytes:
    if name.endswith("-bin"):
        return b64decode(value, validate=True)
    if not (value.isascii() and value.isprintable()):
        raise ValueError("metadata holds something else than visible ASCII")
    return value
