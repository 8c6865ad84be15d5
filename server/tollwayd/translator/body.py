"""Reads a request's body, whole or as it comes, within its limits of size and time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import HttpVersion11, hdrs
from aiohttp.web_protocol import RequestPayloadError

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.limits import MIN_BODY_RATE
from tollwayd.translator.reply import CONTINUE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp import StreamReader
    from aiohttp.web import BaseRequest

    from tollwayd.translator.limits import Timeouts


async def read_body(request: BaseRequest, limit: int, timeouts: Timeouts) -> bytes:
    """The whole body, at most `limit` bytes; empty where there is none.

    TollwayError where it is too large, too slow, broken or compressed.
    """
    if not request.body_exists:
        return b""
    _check_encoding(request)
    _check_size(int(request.headers.get(hdrs.CONTENT_LENGTH, "0")), limit)
    content = request.content
    if content.is_eof():  # It came together with the head, which is the rule for small bodies.
        body = content.read_nowait()
        _check_size(len(body), limit)
        return body
    _continue(request)
    try:
        return await _read_slowly(content, limit, timeouts)
    except TimeoutError:
        raise TollwayError(Reason.REASON_REQUEST_TIMEOUT) from None
    except RequestPayloadError:
        raise _broken() from None


def ask_for_body(request: BaseRequest) -> None:
    """Has a client that waits for it send the body that `stream_body` takes. TollwayError where it is compressed.

    By itself, as nobody knows when a stream is first read: it may be after the answer has begun, which would be broken.
    """
    _check_encoding(request)
    if not request.content.is_eof():
        _continue(request)


async def stream_body(request: BaseRequest, timeouts: Timeouts) -> AsyncGenerator[bytes, None]:
    """The body that has been asked for, in pieces as they come; how many of them is up to who reads them.

    TollwayError where it is broken, nothing comes for too long, or the client is gone.
    """
    content = request.content
    try:
        while not content.at_eof():
            async with asyncio.timeout(timeouts.stream_idle):
                chunk = await content.readany()
            if chunk:
                yield chunk
    except TimeoutError:
        raise TollwayError(Reason.REASON_REQUEST_TIMEOUT, "Nothing of the body came for too long.") from None
    except ConnectionError:  # In the connection's own task it is a cancellation; but any task may read a stream.
        raise TollwayError(Reason.REASON_CANCELLED) from None
    except RequestPayloadError:
        raise _broken() from None


def _broken() -> TollwayError:
    return TollwayError(Reason.REASON_REQUEST_MALFORMED, "The body's framing is broken.")


def _continue(request: BaseRequest) -> None:
    if request.version >= HttpVersion11 and request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        assert request.transport is not None
        request.transport.write(CONTINUE)


def _check_encoding(request: BaseRequest) -> None:
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        # A kilobyte of gzip can hold a megabyte: it is not unpacked for a caller who is not known yet.
        raise TollwayError(Reason.REASON_MEDIA_TYPE_UNSUPPORTED, "Compressed bodies are not taken here.")


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise TollwayError(Reason.REASON_BODY_TOO_LARGE, f"The body is larger than {limit} bytes.")


async def _read_slowly(content: StreamReader, limit: int, timeouts: Timeouts) -> bytes:
    """Reads what is still on its way, as long as it comes at the least rate."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    chunks: list[bytes] = []
    size = 0
    async with asyncio.timeout_at(start + timeouts.body_grace) as allowance:
        while not content.at_eof():
            chunk = await content.readany()
            size += len(chunk)
            _check_size(size, limit)
            chunks.append(chunk)
            earned = timeouts.body_grace + size / MIN_BODY_RATE
            allowance.reschedule(start + min(earned, timeouts.body))
    return b"".join(chunks)
