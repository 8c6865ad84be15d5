"""The wire of the Connect protocol for methods that stream: envelopes, of which the answer's last is JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from tollwayd.translator.answers.reply import answer_headers
from tollwayd.translator.wires.rpc.connect import DOOR, check_version, connect_deadline, error_json
from tollwayd.translator.wires.rpc.envelope import envelope
from tollwayd.translator.wires.rpc.rpc_wire import EnvelopeWire, check_identity, failed_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollwayd.core.call import Call
    from tollwayd.core.errors import TollwayError
    from tollwayd.rpc.registry import Method
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.request import Request
    from tollwayd.translator.wires.rpc.codec import Codec
    from tollwayd.translator.wires.rpc.rpc_wire import Refuse
    from tollwayd.translator.wires.wire import Site

_END_STREAM: Final = 0b10


def refuser(content_type: str) -> Refuse:
    """What answers with an error alone. The status is 200, as that of every answer of a streaming method."""

    async def refuse(
        reply: Reply, error: TollwayError, call_id: str, method: Method | None = None, call: Call | None = None
    ) -> None:
        reply.close_if_unread()
        last = _last(call.trailers if call else {}, error, method)
        await reply.send(200, answer_headers(call_id, content_type, {}) + failed_metadata(error, call), last)

    return refuse


class ConnectStream(EnvelopeWire):
    """A method that streams requests, answers or both."""

    __slots__ = ("content_type", "refuse")

    door = DOOR

    def __init__(self, request: Request, reply: Reply, site: Site, method: Method, codec: Codec) -> None:
        super().__init__(request, reply, site, method, codec)
        self.content_type = f"application/connect+{codec.name}"
        self.refuse = refuser(self.content_type)

    def check(self) -> None:
        check_version(self.request.headers)
        check_identity(self.request.headers, "connect-content-encoding", "content-encoding")

    def deadline(self) -> float | None:
        return connect_deadline(self.request.headers)

    def last(self, trailers: Mapping[str, str], error: TollwayError | None) -> bytes:
        return _last(trailers, error, self.method)


def _last(trailers: Mapping[str, str], error: TollwayError | None, method: Method | None) -> bytes:
    """An EndStreamResponse in its envelope."""
    end: dict[str, Any] = {}
    if error is not None:
        end["error"] = error_json(error, method)
    if trailers:
        end["metadata"] = {name: [value] for name, value in trailers.items()}
    return envelope(orjson.dumps(end), _END_STREAM)
