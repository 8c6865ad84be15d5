"""A gRPC server that is none of ours: plain grpc.aio, with stubs that protoc makes of harbour.proto."""

from __future__ import annotations

import asyncio
import importlib
import sys
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.status_pb2 import Status
from grpc_tools import protoc

from tests.apis.compiled import IMPORTS, PROTOS, descriptor_set

if TYPE_CHECKING:
    from pathlib import Path

PROTO = PROTOS / "harbour.proto"


def _stubs():
    with TemporaryDirectory() as folder:
        flags = [f"-I{path}" for path in (PROTOS, *IMPORTS)]
        out = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
        assert protoc.main(["protoc", *flags, *out, str(PROTO)]) == 0
        sys.path.insert(0, folder)
        try:
            return importlib.import_module("harbour_pb2"), importlib.import_module("harbour_pb2_grpc")
        finally:
            sys.path.remove(folder)


pb, stubs = _stubs()


def write_set(path: Path, *, imports: bool = True) -> Path:
    """Writes the API's descriptor set there, as protoc does with `--include_imports`."""
    path.write_bytes(descriptor_set(PROTO, imports=imports).SerializeToString())
    return path


def packed(message) -> AnyMessage:
    """The message in an Any."""
    made = AnyMessage()
    made.Pack(message)
    return made


def refusal(code: int, message: str, *details: AnyMessage) -> tuple:
    """What `Harbour.refuse` takes for an error with details."""
    status = Status(code=code, message=message, details=details)
    found = next(each for each in grpc.StatusCode if each.value[0] == code)
    return found, message, (("grpc-status-details-bin", status.SerializeToString()),)


class Harbour(stubs.HarbourServiceServicer):
    """Answers with the ship that it was asked for. What it was asked is kept, and what it does can be steered.

    `refuse` is what to abort with: code, message, trailers. With `hold` calls wait for ever, behind `begun`; `left`
    says that one was cancelled. `ship` is the answer, `count` how many a stream has, and `sent` how many of it are.
    """

    def __init__(self) -> None:
        self.metadata = ()
        self.remaining = None
        self.requests = []
        self.refuse = None
        self.ship = None
        self.head = ()
        self.trailers = ()
        self.count = 2
        self.sent = 0
        self.hold = False
        self.begun = asyncio.Event()
        self.left = asyncio.Event()
        self.all_sent = asyncio.Event()

    async def _begin(self, request, context) -> None:
        self.metadata = tuple(context.invocation_metadata())
        self.remaining = context.time_remaining()
        self.requests.append(request)
        if self.head:
            await context.send_initial_metadata(self.head)
        context.set_trailing_metadata(self.trailers)

    async def _end(self, context) -> None:
        self.begun.set()
        if self.hold:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.left.set()
                raise
        if self.refuse:
            await context.abort(*self.refuse)

    async def GetShip(self, request, context):
        await self._begin(request, context)
        await self._end(context)
        return self.ship or pb.Ship(name=request.name)

    CreateShip = GetShip

    async def WatchShips(self, request, context):
        await self._begin(request, context)
        for number in range(self.count):
            await context.write(self.ship or pb.Ship(name=request.name, masts=number))
            self.sent += 1
        await self._end(context)
        self.all_sent.set()

    async def CountShips(self, requests, context):
        await self._begin(None, context)
        async for request in requests:
            self.requests.append(request)
            if request.name == "the last":
                break
        await self._end(context)
        return pb.Ship(name="counted", masts=len(self.requests) - 1)

    async def Hail(self, requests, context):
        await self._begin(None, context)
        try:
            async for request in requests:
                await context.write(request)
        except asyncio.CancelledError:
            self.left.set()
            raise
        await self._end(context)


@asynccontextmanager
async def serve(harbour: Harbour, port: int = 0, credentials=None):
    """The harbour on a free port of this machine, or on the one that is given; gives its address."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    stubs.add_HarbourServiceServicer_to_server(harbour, server)
    if credentials:
        bound = server.add_secure_port(f"localhost:{port}", credentials)
    else:
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield "127.0.0.1", bound
    finally:
        await server.stop(0)
