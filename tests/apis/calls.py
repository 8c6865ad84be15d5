"""Every kind of method by a servicer that tests steer, at a REST door and a gRPC door."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from google.api.httpbody_pb2 import HttpBody
from google.protobuf import descriptor_pool, message_factory

from tests.apis.compiled import PROTOS, compile_proto
from tests.apis.kinds import failure
from tests.apis.listeners import grpc_listener, listener
from tollwayd.core.chain import Chain
from tollwayd.rpc.door import GrpcDoor
from tollwayd.rpc.registry import Registry
from tollwayd.translator.options import RestOptions
from tollwayd.translator.server import RestDoor

PROTO = PROTOS / "calls.proto"
PACKAGE = "calls.v1"
SERVICE = f"/{PACKAGE}.CallService"
MAX_BODY_BYTES = 64 * 1024

compile_proto(PROTO)

_FILE = descriptor_pool.Default().FindFileContainingSymbol(f"{PACKAGE}.Line")
Line = message_factory.GetMessageClass(_FILE.message_types_by_name["Line"])
Lines = message_factory.GetMessageClass(_FILE.message_types_by_name["Lines"])


class Calls:
    """Both services. `seen` holds the calls; `begun` is set when one waits, `cancelled` when it is ended there. Collect
    takes all messages while it is `patient`, else the first alone.
    """

    def __init__(self) -> None:
        self.seen = []
        self.metadata = {"x-kind": "called", "x-kind-bin": "AQI="}
        self.trailers = {"x-cost": "7", "x-cost-bin": "AwQ="}
        self.late_metadata = {}
        self.patient = True
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()

    def _see(self, call) -> None:
        self.seen.append(call)
        call.response_metadata.update(self.metadata)
        call.trailers.update(self.trailers)

    async def _obey(self, line) -> None:
        if line.wait:
            self.begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        if line.code:
            raise failure(line.code, message=line.text)

    async def Say(self, request, call):
        self._see(call)
        await self._obey(request)
        return request

    Look = Say

    async def Count(self, request, call):
        self._see(call)
        return self._count(request, call)

    async def _count(self, request, call):
        call.response_metadata.update(self.late_metadata)
        for number in range(request.number):
            yield Line(text=request.text, number=number)
        await self._obey(request)

    async def Collect(self, request, call):
        self._see(call)
        lines = []
        async for line in request:
            await self._obey(line)
            lines.append(line)
            if not self.patient:
                break
        return Lines(lines=lines)

    async def Talk(self, request, call):
        self._see(call)
        return self._talk(request)

    async def _talk(self, request):
        async for line in request:
            await self._obey(line)
            yield line


def own_words(error):
    """The errors of OwnWordsService."""
    return HttpBody(content_type="text/x-own", data=f"no: {error.rule.name}".encode())


def registry(calls: Calls, chain: Chain | None = None) -> Registry:
    """The methods of both services."""
    chain = chain or Chain([])
    made = Registry()
    made.add(_FILE.services_by_name["CallService"], calls, chain)
    made.add(_FILE.services_by_name["OwnWordsService"], calls, chain, error_body=own_words)
    return made


@asynccontextmanager
async def serve(calls: Calls, chain: Chain | None = None, **options):
    """The REST door, its address, and that of the gRPC door."""
    methods = registry(calls, chain)
    rest = RestDoor(methods, RestOptions(**{"listener": listener(), "max_body_bytes": MAX_BODY_BYTES} | options))
    grpc = GrpcDoor(methods, max_body_bytes=MAX_BODY_BYTES, listener=grpc_listener())
    try:
        yield rest, await rest.start("127.0.0.1", 0), await grpc.start("127.0.0.1", 0)
    finally:
        await rest.stop(0)
        await grpc.stop(0)
