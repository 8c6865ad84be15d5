"""The wire of gRPC-Web (github.com/grpc/grpc, doc/PROTOCOL-WEB.md): gRPC's envelopes, and its trailers as the last."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tollwayd.core.errors import Reason
from tollwayd.rpc.status import to_status
from tollwayd.translator.answers.reply import answer_headers
from tollwayd.translator.head.metadata import deadline, response_headers
from tollwayd.translator.wires.rpc.envelope import envelope
from tollwayd.translator.wires.rpc.rpc_wire import EnvelopeWire, check_identity, failed_metadata, sound_headers
from tollwayd.translator.wires.rpc.web_text import decode, decoded, encoded_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from tollwayd.core.call import Call
    from tollwayd.core.errors import TollwayError
    from tollwayd.rpc.registry import Method
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.request import Request
    from tollwayd.translator.wires.rpc.codec import Codec
    from tollwayd.translator.wires.rpc.rpc_wire import Refuse
    from tollwayd.translator.wires.wire import Site

GRPC_WEB: Final = "application/grpc-web"
GRPC_WEB_TEXT: Final = "application/grpc-web-text"

_TRAILERS: Final = 0x80
_PLAIN: Final = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
"""What a grpc-message holds as it is (gRPC over HTTP/2, "Percent-Encoded")."""


def refuser(content_type: str) -> Refuse:
    """What answers with an error alone. Without metadata its trailers stand in the head ("Trailers-Only")."""

    async def refuse(
        reply: Reply, error: TollwayError, call_id: str, method: Method | None = None, call: Call | None = None
    ) -> None:
        reply.close_if_unread()
        trailers = _status(error, method) + (sound_headers(call.trailers) if call else "")
        if error.reason == Reason.REASON_ENCODING_UNSUPPORTED:
            trailers += "grpc-accept-encoding: identity\r\n"
        headers = answer_headers(call_id, content_type, {})
        if metadata := failed_metadata(error, call):
            last = envelope(trailers.encode(), _TRAILERS)
            in_text = content_type.startswith(GRPC_WEB_TEXT)
            await reply.send(200, headers + metadata, b64encode(last) if in_text else last)
        else:
            await reply.send(200, headers + trailers, b"")

    return refuse


class GrpcWeb(EnvelopeWire):
    """Any method. The answer is base64 where the caller's Accept asks for that, else in the request's own form."""

    __slots__ = ("_answers_text", "content_type", "refuse")

    door = "grpc-web"
    asked_in_text = False

    def __init__(self, request: Request, reply: Reply, site: Site, method: Method, codec: Codec) -> None:
        super().__init__(request, reply, site, method, codec)
        accept = request.headers.get("accept", "").lower()
        self._answers_text: Final = GRPC_WEB_TEXT in accept if GRPC_WEB in accept else self.asked_in_text
        self.content_type = f"{GRPC_WEB_TEXT if self._answers_text else GRPC_WEB}+{codec.name}"
        self.refuse = refuser(self.content_type)

    def check(self) -> None:
        check_identity(self.request.headers, "grpc-encoding", "content-encoding")

    def deadline(self) -> float | None:
        return deadline(self.request.headers)

    def pack(self, part: bytes) -> bytes:
        return b64encode(part) if self._answers_text else part

    def last(self, trailers: Mapping[str, str], error: TollwayError | None) -> bytes:
        if error is None:
            fields = "grpc-status: 0\r\n" + response_headers(trailers)
        else:
            fields = _status(error, self.method) + sound_headers(trailers)
        return envelope(fields.encode(), _TRAILERS)


class GrpcWebText(GrpcWeb):
    """The same with a request whose body is base64."""

    __slots__ = ()

    asked_in_text = True

    async def body(self, limit: int) -> bytes:
        return decode(await super().body(encoded_bytes(limit)))

    def pieces(self) -> AsyncGenerator[bytes, None]:
        return decoded(super().pieces())


def _status(error: TollwayError, method: Method | None) -> str:
    """The error as lines of trailers."""
    status = to_status(error, method.error_body if method else None)
    details = b64encode(status.SerializeToString()).decode().rstrip("=")
    message = quote(status.message, safe=_PLAIN)
    return f"grpc-status: {status.code}\r\ngrpc-message: {message}\r\ngrpc-status-details-bin: {details}\r\n"
