"""A request stream in one body: JSON messages one after another or in an array, or an HttpBody's bytes as they come."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from tollwayd.translator.messages.body import ask_for_body, stream_body
from tollwayd.translator.messages.inbound import is_json_lines
from tollwayd.translator.protojson.values import check_size, values

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from google.protobuf.message import Message

    from tollwayd.translator.messages.inbound import RequestReader
    from tollwayd.translator.messages.query import Parameters
    from tollwayd.translator.request import Request
    from tollwayd.translator.wires.wire import Site


async def messages(
    reader: RequestReader,
    parts: AsyncIterator[bytes],
    content_type: str,
    query: Parameters,
    variables: tuple[str, ...],
) -> AsyncGenerator[Message, None]:
    """The request messages. Path and query count for the first of them, which is there even where no part is and they
    are; so does an HttpBody's content type.
    """
    bound = not reader.binds(query, variables)
    async for part in parts:
        message = await reader.read_fairly(part, content_type, [], ())
        if not bound:
            reader.bind(message, query, variables)
            bound = True
        yield message
        if reader.raw:
            content_type = ""
    if not bound:
        yield reader.read(b"", content_type, query, variables)


def body_parts(request: Request, reader: RequestReader, content_type: str, site: Site) -> AsyncGenerator[bytes, None]:
    """The parts of the body that are a message each, none where the rule has no use for a body.

    TollwayError at once as `ask_for_body`, then as `stream_body`, and where a part is too large.
    """
    if not (reader.takes_body and request.body is not None):
        return ready()
    ask_for_body(request)
    chunks = stream_body(request, site.timeouts)
    if reader.raw:
        return chunks
    return (lines if is_json_lines(content_type) else values)(chunks, site.max_body_bytes)


async def ready(*parts: bytes) -> AsyncGenerator[bytes, None]:
    """Parts that are there already."""
    for part in parts:
        yield part


async def lines(chunks: AsyncGenerator[bytes, None], limit: int) -> AsyncGenerator[bytes, None]:
    """The lines of a body that are not blank, each at most `limit` bytes; REASON_BODY_TOO_LARGE for a longer one.
    `chunks` are closed with them.
    """
    begun = bytearray()
    async with aclosing(chunks):
        async for chunk in chunks:
            *ends, rest = chunk.split(b"\n")
            for end in ends:
                line = bytes(begun + end)
                begun.clear()
                check_size(len(line), limit)
                if line and not line.isspace():
                    yield line
            begun += rest
            check_size(len(begun), limit)
    if begun and not begun.isspace():
        yield bytes(begun)
