"""Reads a request's body, whole or as it comes, within its limits of size and time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.answers.reply import CONTINUE
from tollwayd.translator.limits import MIN_BODY_RATE
from tollwayd.translator.request import HTTP_1_1, BrokenBody

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tollwayd.translator.limits import Timeouts
    from tollwayd.translator.request import Body, Request


def body_at_once(request: Request, limit: int) -> bytes | None:
    """As `read_body`, where the whole body has come together with the head, which is the rule for small ones; None
    where it has not, or there is something to say of it.
    """
    body = request.body
    if body is None:
        return b""
    if not body.whole or "content-encoding" in request.headers:
        return None
    data = body.take()
    if len(data) > limit:
        raise _too_large(limit)
    return data


async def read_body(request: Request, limit: int, timeouts: Timeouts) -> bytes:
    """The whole body, at most `limit` bytes; empty where there is none.

    TollwayError where it is too large, too slow, broken or compressed.
    """
    body = request.body
    if body is None:
        return b""
    _check_encoding(request)
    _check_size(int(request.headers.get("content-length", "0")), limit)
    if not body.whole:
        _continue(request)
    try:
        return await _read_slowly(body, limit, timeouts)
    except TimeoutError:
        raise TollwayError(Reason.REASON_REQUEST_TIMEOUT) from None
    except BrokenBody:
        raise _broken() from None


def ask_for_body(request: Request) -> None:
    """Has a client that waits for it send the body that `stream_body` takes. TollwayError where it is compressed.

    By itself, as nobody knows when a stream is first read: it may be after the answer has begun, which would be broken.
    """
    _check_encoding(request)
    if request.body is not None and not request.body.whole:
        _continue(request)


async def stream_body(request: Request, timeouts: Timeouts) -> AsyncGenerator[bytes, None]:
    """The body that has been asked for, in pieces as they come; how many of them is up to who reads them.

    TollwayError where it is broken, nothing comes for too long, or the client is gone.
    """
    body = request.body
    try:
        while body is not None:
            async with asyncio.timeout(timeouts.stream_idle):
                chunk = await body.read()
            if not chunk:
                return
            yield chunk
    except TimeoutError:
        raise TollwayError(Reason.REASON_REQUEST_TIMEOUT, "Nothing of the body came for too long.") from None
    except ConnectionError:  # In the connection's own task it is a cancellation; but any task may read a stream.
        raise TollwayError(Reason.REASON_CANCELLED) from None
    except BrokenBody:
        raise _broken() from None


def _broken() -> TollwayError:
    return TollwayError(Reason.REASON_REQUEST_MALFORMED, "The body's framing is broken.")


def _continue(request: Request) -> None:
    if request.version == HTTP_1_1 and request.headers.get("expect", "").lower() == "100-continue":
        assert request.client.transport is not None
        request.client.transport.write(CONTINUE)


def _check_encoding(request: Request) -> None:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        # A kilobyte of gzip can hold a megabyte: it is not unpacked for a caller who is not known yet.
        raise TollwayError(Reason.REASON_MEDIA_TYPE_UNSUPPORTED, "Compressed bodies are not taken here.")


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> TollwayError:
    return TollwayError(Reason.REASON_BODY_TOO_LARGE, f"The body is larger than {limit} bytes.")


async def _read_slowly(body: Body, limit: int, timeouts: Timeouts) -> bytes:
    """Reads what is still on its way, as long as it comes at the least rate."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout_at(start + timeouts.body_grace) as allowance:
            while chunk := await body.read():
                size += len(chunk)
                _check_size(size, limit)
                chunks.append(chunk)
                earned = timeouts.body_grace + size / MIN_BODY_RATE
                allowance.reschedule(start + min(earned, timeouts.body))
    finally:
        # It holds the task, and that, once it is cancelled, this frame: a cycle that would keep the chunks.
        del allowance
    return b"".join(chunks)
