"""The wire of the Connect protocol for unary methods: a message as the body, or in the query (connectrpc.com)."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

import orjson

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.status import to_status
from tollwayd.translator.answers.errors import JSON, detail_json, error_headers
from tollwayd.translator.answers.reply import answer_headers
from tollwayd.translator.head.metadata import response_headers
from tollwayd.translator.messages.body import read_body
from tollwayd.translator.messages.query import parse
from tollwayd.translator.wires.rpc.rpc_wire import check_identity, failed_metadata, rpc_metadata, sound_headers
from tollwayd.translator.wires.rpc.web_text import decode
from tollwayd.translator.wires.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.any_pb2 import Any as AnyMessage
    from google.protobuf.message import Message

    from tollwayd.core.call import Call
    from tollwayd.rpc.registry import Method
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.request import Request
    from tollwayd.translator.wires.rpc.codec import Codec
    from tollwayd.translator.wires.wire import Messages, Site

DOOR: Final = "connect"

_CODES: Final = {
    1: ("canceled", 499),
    2: ("unknown", 500),
    3: ("invalid_argument", 400),
    4: ("deadline_exceeded", 504),
    5: ("not_found", 404),
    6: ("already_exists", 409),
    7: ("permission_denied", 403),
    8: ("resource_exhausted", 429),
    9: ("failed_precondition", 400),
    10: ("aborted", 409),
    11: ("out_of_range", 400),
    12: ("unimplemented", 501),
    13: ("internal", 500),
    14: ("unavailable", 503),
    15: ("data_loss", 500),
    16: ("unauthenticated", 401),
}
"""Connect's name and HTTP status for each gRPC code ("Error Codes")."""

_OF_HTTP: Final = frozenset({Reason.REASON_METHOD_NOT_ALLOWED, Reason.REASON_MEDIA_TYPE_UNSUPPORTED})
"""Refusals of an HTTP request before it is a call: their statuses are HTTP's own."""

_TIMEOUT: Final = re.compile(r"[0-9]{1,10}")
_TRAILER: Final = "trailer-"
_PARAMETERS: Final = frozenset({"base64", "compression", "connect", "encoding", "message"})
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def error_json(error: TollwayError, method: Method | None) -> dict[str, Any]:
    """The error as Connect writes it ("Error and EndStreamResponse")."""
    status = to_status(error, method.error_body if method else None)
    name, _ = _CODES[status.code]
    return {"code": name, "message": status.message, "details": [_detail(detail) for detail in status.details]}


async def refuse(
    reply: Reply, error: TollwayError, call_id: str, method: Method | None = None, call: Call | None = None
) -> None:
    """Answers with the error, and with what its call had to send along."""
    reply.close_if_unread()
    http = call is None and error.reason in _OF_HTTP
    status = error.rule.http_status if http else _CODES[error.rule.code][1]
    metadata = failed_metadata(error, call) + (sound_headers(call.trailers, _TRAILER) if call else "")
    headers = answer_headers(call_id, JSON, {}) + error_headers(error, status) + metadata
    await reply.send(status, headers, orjson.dumps(error_json(error, method)))


def connect_deadline(headers: Mapping[str, str]) -> float | None:
    """When the call has to be over, as `metadata.deadline`."""
    text = headers.get("connect-timeout-ms")
    if text is None:
        return None
    if not _TIMEOUT.fullmatch(text):
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "connect-timeout-ms is not 1 to 10 digits.")
    return time.monotonic() + int(text) / 1000


def check_version(headers: Mapping[str, str]) -> None:
    """TollwayError for a version of the protocol that is not known; whoever names none means this one."""
    if headers.get("connect-protocol-version", "1") != "1":
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "connect-protocol-version has to be 1.")


class Connect(Wire):
    """A unary method, asked by POST."""

    __slots__ = ("_codec",)

    door = DOOR

    def __init__(self, request: Request, reply: Reply, site: Site, method: Method, codec: Codec) -> None:
        super().__init__(request, reply, site, method)
        self._codec = codec

    def begin(self) -> Call:
        headers = self.request.headers
        check_version(headers)
        check_identity(headers, "content-encoding")
        return self.make_call(rpc_metadata(headers), connect_deadline(headers))

    async def read(self) -> Any:
        body = await read_body(self.request, self.site.max_body_bytes, self.site.timeouts)
        return await self._codec.read(self.method, body)

    async def send(self, call: Call, message: Message) -> None:
        body = self._codec.write(self.method, message)
        headers = answer_headers(call.id, f"application/{self._codec.name}", call.response_metadata)
        if call.trailers:
            headers += response_headers(call.trailers, _TRAILER)
        await self.reply.send(200, headers, body)

    async def stream(self, call: Call, messages: Messages) -> None:
        raise TypeError("a method that is declared unary answers with a stream")

    async def fail(self, error: TollwayError, call_id: str) -> None:
        if not self.reply.started:
            await refuse(self.reply, error, call_id, self.method, self.call)


class ConnectGet(Connect):
    """A unary method without side effects, asked by GET: its message stands in the query."""

    __slots__ = ("_message", "_query")

    def __init__(self, request: Request, reply: Reply, site: Site, method: Method, query: str) -> None:
        super().__init__(request, reply, site, method, site.codecs["json"])
        self._query: Final = query
        self._message = b""

    def begin(self) -> Call:
        parameters = _parameters(self._query)
        if parameters.get("connect", "v1") != "v1":
            raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "The parameter connect has to be v1.")
        check_identity(parameters, "compression")
        codec = self.site.codecs.get(parameters.get("encoding", ""))
        if codec is None:
            names = " or ".join(self.site.codecs)
            raise TollwayError(Reason.REASON_MEDIA_TYPE_UNSUPPORTED, f"The parameter encoding has to be {names}.")
        self._codec = codec
        self._message = _message(parameters)
        return super().begin()

    async def read(self) -> Any:
        self.reply.close_if_unread()
        return await self._codec.read(self.method, self._message)


def _parameters(query: str) -> dict[str, str]:
    """Connect's own parameters; others may stand beside them."""
    named = [(name, value) for name, value in parse(query) if name in _PARAMETERS]
    parameters = dict(named)
    if len(parameters) != len(named):
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "A parameter of the Connect protocol is given twice.")
    return parameters


def _message(parameters: Mapping[str, str]) -> bytes:
    if "message" not in parameters:
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "The parameter message is missing.")
    message = parameters["message"].encode()
    if parameters.get("base64") != "1":
        return message
    bare = message.rstrip(b"=").translate(_URL_SAFE)
    return decode(bare + b"=" * (-len(bare) % 4))


def _detail(detail: AnyMessage) -> dict[str, Any]:
    debug = orjson.loads(detail_json(detail))
    debug.pop("@type", None)
    name = detail.type_url.rpartition("/")[2]
    return {"type": name, "value": b64encode(detail.value).decode().rstrip("="), "debug": debug}
