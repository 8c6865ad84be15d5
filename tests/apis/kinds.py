"""Every kind of field, binding and answer, by a servicer that answers with what it was asked."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager

from google.api import annotations_pb2, httpbody_pb2
from google.protobuf import (
    any_pb2,
    descriptor_pool,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    message_factory,
    struct_pb2,
    text_format,
    timestamp_pb2,
    wrappers_pb2,
)
from google.rpc import error_details_pb2

from tests.apis.compiled import PROTOS, compile_proto
from tests.apis.listeners import grpc_listener, listener
from tollwayd.core.chain import Chain
from tollwayd.core.errors import RULES, FieldViolation, Reason, ReasonRule, TollwayError
from tollwayd.rpc.door import GrpcDoor
from tollwayd.rpc.registry import Registry
from tollwayd.translator.options import RestOptions
from tollwayd.translator.server import RestDoor

PROTO = PROTOS / "kinds.proto"
PACKAGE = "transcoding.kinds.v1"
SERVICES = tuple(f"{PACKAGE}.{name}" for name in ("KindService", "RawService", "AnswerService"))
MAX_BODY_BYTES = 64 * 1024

METADATA = {"x-kind": "echo"}
TRAILERS = {"x-cost": "7"}
"""What every call sends back beside its answer."""

# Imported so that the pool knows the files that the proto imports.
IMPORTED = (
    annotations_pb2,
    any_pb2,
    duration_pb2,
    empty_pb2,
    error_details_pb2,
    field_mask_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)

HttpBody = httpbody_pb2.HttpBody

compile_proto(PROTO)


def methods():
    """The descriptors of all methods, by name."""
    services = [descriptor_pool.Default().FindServiceByName(name) for name in SERVICES]
    return {method.name: method for service in services for method in service.methods}


def from_text(descriptor, text: str):
    """A message of this type, from its text format."""
    return text_format.Parse(text, message_factory.GetMessageClass(descriptor)())


Kinds = message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(f"{PACKAGE}.Kinds"))
Gathered = message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(f"{PACKAGE}.Gathered"))


STATUSES = {
    1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429,
    9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401,
}  # fmt: skip
"""The HTTP status of each gRPC code (google/rpc/code.proto)."""


def failure(code: int, **details) -> TollwayError:
    """An error of this gRPC code with its HTTP status: by a reason that has both, or by one of its own."""
    for reason, rule in RULES.items():
        if (rule.code, rule.http_status) == (code, STATUSES[code]):
            return TollwayError(reason, **details)
    error = TollwayError(Reason.REASON_INTERNAL, **details)
    error.rule = ReasonRule(f"CODE_{code}", code, STATUSES[code], "It failed.")
    return error


class Echo:
    """All services. `seen` holds the calls and their requests."""

    def __init__(self) -> None:
        self.seen = []

    def _see(self, request, call) -> None:
        self.seen.append((call, request))
        call.response_metadata.update(METADATA)
        call.trailers.update(TRAILERS)

    async def _echo(self, request, call):
        self._see(request, call)
        return request

    Ask = Put = Answer = Go = Upload = Store = _echo

    async def Watch(self, request, call):
        self._see(request, call)
        messages = [Kinds(int32_value=number, leaf=request.leaf) for number in range(request.count)]
        return _stream(messages, request.code)

    WatchLeaves = Watch

    async def Gather(self, requests, call):
        gathered = Gathered(kinds=[request async for request in requests])
        self._see(gathered, call)
        return gathered

    async def Fail(self, request, call):
        self._see(request, call)
        details = {
            "message": request.message,
            "metadata": dict(request.metadata),
            "violations": [FieldViolation(request.field, "is wrong")] if request.field else [],
            "retry_after": request.retry_after or None,
        }
        if request.reason:
            raise TollwayError(Reason.Value(f"REASON_{request.reason}"), **details)
        raise failure(request.code, **details)

    async def Download(self, request, call):
        self._see(request, call)
        parts = [HttpBody(content_type=request.content_type, data=part.encode()) for part in request.parts]
        return _stream(parts, request.code)


async def _stream(messages, code):
    for message in messages:
        yield message
    if code:
        raise failure(code)


def registry(echo: Echo) -> Registry:
    """The methods of all services, without any plugin around them."""
    made = Registry()
    for name in SERVICES:
        made.add(descriptor_pool.Default().FindServiceByName(name), echo, Chain([]))
    return made


@asynccontextmanager
async def serve(echo: Echo):
    """All doors on free ports; gives their addresses: "rest", "zeros" (REST that prints zero values) and "grpc"."""
    methods = registry(echo)
    doors = {
        "rest": RestDoor(methods, RestOptions(print_unset=False, max_body_bytes=MAX_BODY_BYTES, listener=listener())),
        "zeros": RestDoor(methods, RestOptions(max_body_bytes=MAX_BODY_BYTES, listener=listener())),
        "grpc": GrpcDoor(methods, max_body_bytes=MAX_BODY_BYTES, listener=grpc_listener()),
    }
    async with AsyncExitStack() as stack:
        addresses = {}
        for name, door in doors.items():
            addresses[name] = await door.start("127.0.0.1", 0)
            stack.push_async_callback(door.stop, 0)
        yield addresses
