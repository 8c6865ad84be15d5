"""A response message as an HTTP body, and a stream of them as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tollwayd.translator.errors import JSON
from tollwayd.translator.http_body import is_http_body
from tollwayd.translator.json_codec import encoder

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest

    from tollwayd.translator.rule import Binding


class ResponsePrinter:
    """Prints the response messages of one binding. `raw` says that they are HttpBody, whose bytes need no printing."""

    __slots__ = ("_encode", "_field", "raw")

    def __init__(self, binding: Binding, *, print_unset: bool) -> None:
        response = binding.method.descriptor.output_type
        self._field: Final = response.fields_by_name[binding.response_body] if binding.response_body else None
        self._encode: Final = encoder(response, self._field, print_unset=print_unset)
        self.raw: Final = is_http_body(self._field.message_type if self._field else response)

    def content_type(self, message: Any) -> str:
        """The content type of one message's body."""
        content_type: str = self._part(message).content_type if self.raw else JSON
        return content_type

    def body(self, message: Any) -> bytes:
        """One message's body."""
        data: bytes = self._part(message).data if self.raw else self._encode(message)
        return data

    def _part(self, message: Any) -> Any:
        return message if self._field is None else getattr(message, self._field.name)


class Framing(NamedTuple):
    """How a body holds many messages: the content type, what stands around each of them, and around an error.

    Without `error` nothing in the body can say that it broke off.
    """

    content_type: str
    message: tuple[bytes, bytes] = (b"", b"")
    error: tuple[bytes, bytes] | None = None
    headers: str = "x-accel-buffering: no\r\n"  # Else nginx holds a stream back until its buffer is full.

    def frame(self, body: bytes) -> bytes:
        """A message's JSON as a part of the body."""
        before, after = self.message
        return before + body + after

    def frame_error(self, status: bytes) -> bytes | None:
        """An error's JSON as the last part of the body; None where the framing has no words for it."""
        return self.error and self.error[0] + status + self.error[1]


NDJSON: Final = Framing("application/x-ndjson", (b'{"result":', b"}\n"), (b'{"error":', b"}\n"))
SSE: Final = Framing(
    "text/event-stream",
    (b"data: ", b"\n\n"),
    (b'event: error\ndata: {"error":', b"}\n\n"),
    NDJSON.headers + "cache-control: no-cache\r\n",  # WHATWG HTML, section 9.2.7.
)
RAW: Final = Framing("")


def framing(request: BaseRequest, alt: str) -> Framing:
    """The framing that the caller asks for, by its Accept header or the system parameter `alt`."""
    if alt == "sse" or "text/event-stream" in request.headers.get("accept", "").lower():
        return SSE
    return NDJSON
