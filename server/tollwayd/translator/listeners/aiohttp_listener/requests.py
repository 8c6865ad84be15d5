"""aiohttp's requests as the translator has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.streams import EmptyStreamReader
from aiohttp.web_protocol import RequestPayloadError

from tollwayd.core.errors import Reason
from tollwayd.translator.limits import MAX_LINE_BYTES
from tollwayd.translator.request import BrokenBody, Request, readable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp import StreamReader

    from tollwayd.translator.request import Client

_TOO_MANY: Final = "Too many headers"  # aiohttp has no class for it.


class Body:
    """aiohttp's reader as a `request.Body`."""

    __slots__ = ("_content",)

    def __init__(self, content: StreamReader) -> None:
        self._content: Final = content

    @property
    def whole(self) -> bool:
        return self._content.is_eof()

    def take(self) -> bytes:
        return self._content.read_nowait()

    async def read(self) -> bytes:
        try:
            return await self._content.readany()
        except RequestPayloadError:
            raise BrokenBody from None


def made(message: Any, content: StreamReader, client: Client) -> Request:
    """The request of aiohttp's RawRequestMessage."""
    version = message.version
    return Request(
        message.method,
        message.path,
        f"{version.major}.{version.minor}",
        joined(message.headers.items()),
        None if isinstance(content, EmptyStreamReader) else Body(content),
        client,
        not message.should_close,
    )


def reason_of(error: BaseException | None) -> Reason:
    """Why aiohttp's parser could not read what came."""
    if isinstance(error, LineTooLong):
        # aiohttp says which limit it was, and so which line: those of the request line and of fields differ.
        line = error.args[1] == MAX_LINE_BYTES
        return Reason.REASON_TARGET_TOO_LONG if line else Reason.REASON_HEADERS_TOO_LARGE
    if isinstance(error, HttpProcessingError) and error.message.startswith(_TOO_MANY):
        return Reason.REASON_HEADERS_TOO_LARGE
    return Reason.REASON_REQUEST_MALFORMED


def joined(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Aiohttp's header fields as `Request` has them."""
    headers: dict[str, str] = {}
    for name, value in fields:
        lower = name.lower()
        text = value if value.isascii() else readable(value.encode("utf-8", "surrogateescape"))
        headers[lower] = f"{headers[lower]}, {text}" if lower in headers else text
    return headers
