"""A request stream in one body: JSON messages one after another or in an array, or an HttpBody's bytes as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.translator.body import stream_body
from tollwayd.translator.inbound import is_json_lines
from tollwayd.translator.json_values import check_size, values

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from aiohttp.web import BaseRequest
    from google.protobuf.message import Message

    from tollwayd.translator.inbound import RequestReader
    from tollwayd.translator.query import Parameters
    from tollwayd.translator.wire import Site


async def messages(
    reader: RequestReader,
    parts: AsyncIterator[bytes],
    content_type: str,
    query: Parameters,
    variables: tuple[str, ...],
) -> AsyncGenerator[Message, None]:
    """The request messages. Path and query count for the first of them, which is there even where the body is empty
    and they are not; so does an HttpBody's content type.
    """
    bound = not query and not variables
    async for part in parts:
        message = await reader.message(part, content_type)
        if not bound:
            reader.bind(message, query, variables)
            bound = True
        yield message
        if reader.raw:
            content_type = ""
    if not bound:
        yield await reader.read(b"", content_type, query, variables)


def body_parts(
    request: BaseRequest, reader: RequestReader, content_type: str, site: Site
) -> AsyncGenerator[bytes, None]:
    """The parts of the body that are a message each. TollwayError as `stream_body`, and where a part is too large."""
    chunks = stream_body(request, site.timeouts)
    if reader.raw:
        return chunks
    return (lines if is_json_lines(content_type) else values)(chunks, site.max_body_bytes)


async def lines(chunks: AsyncGenerator[bytes, None], limit: int) -> AsyncGenerator[bytes, None]:
    """The lines of a body that are not blank, each at most `limit` bytes; REASON_BODY_TOO_LARGE for a longer one."""
    pieces: list[bytes] = []
    size = 0
    async for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            pieces.append(line)
            joined = b"".join(pieces)
            pieces, size = [], 0
            check_size(len(joined), limit)
            if joined and not joined.isspace():
                yield joined
        pieces.append(rest)
        size += len(rest)
        check_size(size, limit)
    if (joined := b"".join(pieces)) and not joined.isspace():
        yield joined
