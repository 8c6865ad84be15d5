"""One request by a client that everybody knows, before the load: who answers wrongly is not worth measuring."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

import grpc

if TYPE_CHECKING:
    from tests.bench.scenes.request import Request

SECONDS = 10
ENOUGH = 0.9
"""The part of the trial's answer that every later answer has to have: ids and counts in it may be shorter."""


class Unanswered(Exception):
    """A subject does not answer its scene's request as it should."""


def tried(request: Request) -> Request:
    """The request with what its answer has to have at least."""
    length = _grpc(request) if request.grpc else _http(request)
    return request._replace(least=int(length * ENOUGH))


def _http(request: Request) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", request.port, timeout=SECONDS)
    try:
        head, _, body = request.encoded().partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        connection.request("POST", request.path, body, fields)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise Unanswered(f"{answer.status}: {content[:300].decode(errors='replace')}")
    return len(content)


def _grpc(request: Request) -> int:
    with grpc.insecure_channel(f"127.0.0.1:{request.port}") as channel:
        method = channel.unary_stream(request.path)  # Bytes in, bytes out; a single message is a stream of one.
        metadata = (("authorization", f"Bearer {request.key}"),)
        try:
            return sum(len(message) for message in method(request.body, metadata=metadata, timeout=SECONDS))
        except grpc.RpcError as error:
            raise Unanswered(str(error)) from None
