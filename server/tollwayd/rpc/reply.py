"""The answer to one gRPC call: metadata, messages, trailers, and whatever went wrong as a status."""

from __future__ import annotations

import asyncio
import logging
import re
from base64 import b64decode
from functools import lru_cache
from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.status import to_status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from google.protobuf.message import Message

    from tollwayd.core.call import Call
    from tollwayd.rpc.registry import ErrorBody
    from tollwayd.rpc.stream import Pairs, Stream

_DETAILS = "grpc-status-details-bin"

# gRPC over HTTP/2, "Custom-Metadata". Clients refuse all else, and with it the whole answer.
_NAME = re.compile(r"[0-9a-z_.-]+")

_KEPT_NAMES = 256
"""Names of metadata that are known to be fit. Those that the gateway sends are a few dozen."""

_log = logging.getLogger(__name__)


class Reply:
    """Either `only`; or `start`, any number of `write`, and `end`; or `fail`, also after any of them."""

    __slots__ = ("_call", "_error_body", "_started", "_stream")

    def __init__(self, stream: Stream, call: Call, error_body: ErrorBody | None = None) -> None:
        self._stream = stream
        self._call = call
        self._error_body = error_body
        self._started = False

    async def only(self, message: Message) -> None:
        """Sends an answer that is one message; ValueError as in `start`."""
        self.start()
        await self._stream.finish(self._trailers(), message.SerializeToString())

    def start(self) -> None:
        """Has the call's metadata go out with what comes next; ValueError where gRPC has no room for it."""
        metadata = pairs(self._call.response_metadata) if self._call.response_metadata else ()
        self._begin(metadata)

    def write(self, message: Message) -> Awaitable[None] | None:
        """Sends a message; what is to be awaited while the client does not keep up, None where it does."""
        data = message.SerializeToString()
        return None if self._stream.put(data) else self._stream.write(data)

    async def end(self) -> None:
        """Sends the status with the call's trailers; ValueError as in `start`."""
        await self._stream.finish(self._trailers())

    async def fail(self, error: BaseException) -> None:
        """Tells the caller what went wrong. CancelledError where nobody is there to be told."""
        reason = self._call.reason_for(error)
        if not isinstance(reason, Exception):
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
        # After a defect the call's metadata may be what is wrong.
        if metadata and not self._started and reason.reason != Reason.REASON_INTERNAL:
            self._begin(metadata)
        status = to_status(reason, self._error_body)
        own = ("x-request-id", self._call.id), (_DETAILS, status.SerializeToString())
        await self._stream.abort(reason.rule.code, status.message, (*trailers, *own))

    def _begin(self, metadata: Pairs) -> None:
        self._started = True
        self._stream.begin((("x-request-id", self._call.id), *metadata))

    def _trailers(self) -> Pairs:
        return pairs(self._call.trailers) if self._call.trailers else ()

    def _defect(self, error: Exception) -> TollwayError:
        _log.error("Call %s cannot be answered.", self._call.id, exc_info=error)
        return TollwayError(Reason.REASON_INTERNAL)


def pairs(metadata: Mapping[str, str]) -> Pairs:
    """Metadata as gRPC has it, names in `-bin` out of base64; ValueError for what gRPC has no room for."""
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
