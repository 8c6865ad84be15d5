"""Connect and gRPC-Web by hand: requests of messages, and what answers say, in the same words for all of them."""

from __future__ import annotations

import json
import struct
from abc import ABC, abstractmethod
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.json_format import MessageToDict, MessageToJson, Parse
from google.rpc.status_pb2 import Status

from tests.wire.http1 import connect, request

if TYPE_CHECKING:
    from tests.wire.http1 import Response

CODES = (
    "ok",
    "canceled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
)
"""Connect's names of the gRPC codes, by their numbers."""

OF_HTTP = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "date",
        "transfer-encoding",
        "x-accel-buffering",
        "x-request-id",
    }
)
"""The headers of an answer that are no metadata."""


@dataclass
class Said:
    """What an answer says. `error` is the code, the details as JSON, and the message."""

    messages: list[bytes]
    error: tuple[int, Any, str] | None
    metadata: dict[str, str]
    trailers: dict[str, str]


class Form(ABC):
    """A protocol with its encoding of messages."""

    def __init__(self, name: str, content_type: str) -> None:
        self.name = name
        self.content_type = content_type
        self.json = content_type.endswith("json")

    def __repr__(self) -> str:
        return self.name

    def write(self, message) -> bytes:
        """A message as bytes."""
        return MessageToJson(message).encode() if self.json else message.SerializeToString()

    def read(self, data: bytes, kind):
        """A message of this class out of bytes."""
        return Parse(data, kind()) if self.json else kind.FromString(data)

    @abstractmethod
    def body(self, messages: list[bytes]) -> bytes:
        """The body of a request."""

    @abstractmethod
    def said(self, answer: Response) -> Said:
        """What the answer says; an AssertionError where it is none of the protocol's."""

    def request(self, path: str, body: bytes, *headers: str) -> bytes:
        """A POST."""
        return request("POST", path, f"content-type: {self.content_type}", *headers, body=body)

    async def call(self, address, path: str, *messages, headers: tuple[str, ...] = ()) -> tuple[Response, Said]:
        """Calls a method with the messages."""
        return await self.exchange(address, path, self.body([self.write(message) for message in messages]), *headers)

    async def exchange(self, address, path: str, body: bytes, *headers: str) -> tuple[Response, Said]:
        """Sends any body at all."""
        async with connect(address) as connection:
            await connection.send(self.request(path, body, *headers))
            answer = await connection.response()
        return answer, self.said(answer)


class ConnectUnary(Form):
    def body(self, messages):
        (message,) = messages
        return message

    def said(self, answer):
        metadata = metadata_of(answer)
        trailers = {name.removeprefix("trailer-"): value for name, value in metadata.items() if "trailer-" in name}
        metadata = {name: value for name, value in metadata.items() if "trailer-" not in name}
        if answer.status == 200:
            assert answer.headers["content-type"] == self.content_type
            return Said([answer.body], None, metadata, trailers)
        assert answer.headers["content-type"] == "application/json"
        for name in ("retry-after", "www-authenticate", "allow", "accept-post"):
            metadata.pop(name, None)
        return Said([], error_of(json.loads(answer.body)), metadata, trailers)


class ConnectStreamed(Form):
    def body(self, messages):
        return b"".join(map(enveloped, messages))

    def said(self, answer):
        assert (answer.status, answer.headers["content-type"]) == (200, self.content_type)
        *messages, (flags, last) = envelopes(answer.body)
        assert flags == 2
        assert {flags for flags, _ in messages} <= {0}
        end = json.loads(last)
        trailers = {name: ", ".join(values) for name, values in end.pop("metadata", {}).items()}
        error = error_of(end.pop("error")) if "error" in end else None
        assert not end
        return Said([message for _, message in messages], error, metadata_of(answer), trailers)


class GrpcWeb(Form):
    def body(self, messages):
        return b"".join(map(enveloped, messages))

    def plain(self, answer) -> bytes:
        return answer.body

    def said(self, answer):
        assert answer.status == 200
        assert answer.headers["content-type"] in {self.content_type, f"{self.content_type}+proto"}
        if "grpc-status" in answer.headers:
            assert answer.body == b""
            trailers, metadata, messages = metadata_of(answer), {}, []
        else:
            *messages, (flags, last) = envelopes(self.plain(answer))
            assert flags == 0x80
            assert {flags for flags, _ in messages} <= {0}
            assert last.endswith(b"\r\n")
            trailers = dict(line.split(": ", 1) for line in last.decode().removesuffix("\r\n").split("\r\n"))
            metadata = metadata_of(answer)
        return Said([message for _, message in messages], self._error(trailers), metadata, trailers)

    def _error(self, trailers):
        code, message = int(trailers.pop("grpc-status")), unquote(trailers.pop("grpc-message", ""))
        trailers.pop("grpc-accept-encoding", None)
        if not code:
            assert not message
            return None
        status = Status.FromString(unpadded(trailers.pop("grpc-status-details-bin")))
        assert (status.code, status.message) == (code, message)
        return code, [MessageToDict(detail) for detail in status.details], message


class GrpcWebText(GrpcWeb):
    def body(self, messages):
        return b64encode(super().body(messages))

    def plain(self, answer):
        parts = answer.chunks or (answer.body,)
        return b"".join(b64decode(part, validate=True) for part in parts)


CONNECT_PROTO = ConnectUnary("connect-proto", "application/proto")
CONNECT_JSON = ConnectUnary("connect-json", "application/json")
STREAM_PROTO = ConnectStreamed("connect-stream-proto", "application/connect+proto")
STREAM_JSON = ConnectStreamed("connect-stream-json", "application/connect+json")
GRPC_WEB = GrpcWeb("grpc-web", "application/grpc-web")
GRPC_WEB_JSON = GrpcWeb("grpc-web-json", "application/grpc-web+json")
GRPC_WEB_TEXT = GrpcWebText("grpc-web-text", "application/grpc-web-text")

UNARY = (CONNECT_PROTO, CONNECT_JSON, GRPC_WEB, GRPC_WEB_JSON, GRPC_WEB_TEXT)
STREAMED = (STREAM_PROTO, STREAM_JSON, GRPC_WEB, GRPC_WEB_JSON, GRPC_WEB_TEXT)


def enveloped(message: bytes, flags: int = 0) -> bytes:
    """The message in its envelope."""
    return struct.pack(">BI", flags, len(message)) + message


def envelopes(body: bytes) -> list[tuple[int, bytes]]:
    """The flags and the contents of a body's envelopes."""
    found = []
    while body:
        flags, length = struct.unpack_from(">BI", body)
        assert len(body) >= 5 + length
        found.append((flags, body[5 : 5 + length]))
        body = body[5 + length :]
    return found


def unpadded(text: str) -> bytes:
    """What base64 without padding stands for."""
    assert "=" not in text
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


def metadata_of(answer: Response) -> dict[str, str]:
    """The headers that are no business of HTTP's."""
    return {name: value for name, value in answer.headers.items() if name not in OF_HTTP}


def error_of(error: dict[str, Any]) -> tuple[int, Any, str]:
    """A Connect error, whose readable details say what the binary ones say."""
    details = []
    for detail in error.get("details", ()):
        packed = AnyMessage(type_url=f"type.googleapis.com/{detail['type']}", value=unpadded(detail["value"]))
        details.append(MessageToDict(packed))
        assert {"@type": packed.type_url} | detail["debug"] == details[-1]
    return CODES.index(error["code"]), details, error["message"]
