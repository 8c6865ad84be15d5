"""A library of shelves with etags and update masks, as Google's AIPs have them, served over REST and over gRPC."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import aiohttp
from google.api import annotations_pb2, field_behavior_pb2, httpbody_pb2
from google.protobuf import descriptor_pool, empty_pb2, field_mask_pb2, message_factory, struct_pb2, timestamp_pb2

from tests.apis.compiled import PROTOS, compile_proto
from tests.apis.listeners import grpc_listener, listener
from tollwayd.core.chain import Chain
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.door import GrpcDoor
from tollwayd.rpc.registry import Registry
from tollwayd.translator.options import RestOptions
from tollwayd.translator.server import RestDoor

PACKAGE = "library.rest.v1"
# Imported so that the pool knows the files that the library imports.
IMPORTED = (
    annotations_pb2,
    empty_pb2,
    field_behavior_pb2,
    field_mask_pb2,
    httpbody_pb2,
    struct_pb2,
    timestamp_pb2,
)

compile_proto(PROTOS / "library.proto")

SERVICE = descriptor_pool.Default().FindServiceByName(f"{PACKAGE}.LibraryService")


def message(name: str):
    """The class of one of the library's messages."""
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(f"{PACKAGE}.{name}"))


Shelf = message("Shelf")
UpdateShelfRequest = message("UpdateShelfRequest")
NAME = "shelves/1"


class Library:
    """The servicer. `requests` are what it was asked; a shelf's etag is what `etag` makes of its version. `ended`
    is set when a watch is over."""

    def __init__(self) -> None:
        self.requests = []
        self.calls = []
        self.versions = {}
        self.shelves = {}
        self.ended = asyncio.Event()
        self.trailers = {}
        self.etag = '"{}"'.format
        self.put(Shelf(name=NAME, display_name="History"))

    def put(self, shelf) -> None:
        """Stores a shelf in its next version."""
        version = self.versions[shelf.name] = self.versions.get(shelf.name, 0) + 1
        shelf.etag = self.etag(version)
        self.shelves[shelf.name] = shelf

    async def GetShelf(self, request, call):
        self._seen(request, call)
        return self._found(request.name)

    async def FindShelf(self, request, call):
        self._seen(request, call)
        return message("FindShelfResponse")(shelf=self._found(request.name))

    async def CountShelves(self, request, call):
        self._seen(request, call)
        return message("CountShelvesResponse")(count=len(self.shelves))

    async def UpdateShelf(self, request, call):
        """With a mask only its fields; without one those that are set (AIP-134)."""
        self._seen(request, call)
        shelf = Shelf()
        shelf.CopyFrom(self._found(request.shelf.name, request.shelf.etag))
        if request.update_mask.paths:
            request.update_mask.MergeMessage(request.shelf, shelf, replace_message_field=True)
        else:
            shelf.MergeFrom(request.shelf)
        self.put(shelf)
        return shelf

    async def DeleteShelf(self, request, call):
        self._seen(request, call)
        self._found(request.name, request.etag)
        del self.shelves[request.name]
        return empty_pb2.Empty()

    async def DustShelf(self, request, call):
        self._seen(request, call)
        return empty_pb2.Empty()

    async def WatchShelf(self, request, call):
        self._seen(request, call)
        try:
            while True:
                yield self._found(request.name)
        finally:
            self.ended.set()

    async def PrintShelf(self, request, call):
        self._seen(request, call)
        return httpbody_pb2.HttpBody(content_type="text/plain", data=self._found(request.name).display_name.encode())

    def _seen(self, request, call) -> None:
        self.requests.append(request)
        self.calls.append(call)
        call.trailers.update(self.trailers)

    def _found(self, name: str, etag: str = ""):
        if name not in self.shelves:
            raise TollwayError(Reason.REASON_RESOURCE_NOT_FOUND)
        if etag not in {"", self.shelves[name].etag}:
            raise TollwayError(Reason.REASON_ETAG_MISMATCH)
        return self.shelves[name]


def registry(library: Library) -> Registry:
    """The library's methods, without any plugin around them."""
    made = Registry()
    made.add(SERVICE, library, Chain([]))
    return made


@asynccontextmanager
async def serve(library: Library, **options):
    """The library behind a REST door on a free port; gives its address."""
    door = RestDoor(registry(library), RestOptions(**{"listener": listener()} | options))
    try:
        yield await door.start("127.0.0.1", 0)
    finally:
        await door.stop(0)


@asynccontextmanager
async def served(library: Library, **options):
    """The library behind a REST door; gives a client of it."""
    async with serve(library, **options) as (host, port), aiohttp.ClientSession(f"http://{host}:{port}") as client:
        yield client


@asynccontextmanager
async def serve_grpc(library: Library):
    """The library behind a gRPC door; gives its address."""
    door = GrpcDoor(registry(library), max_body_bytes=64 * 1024, listener=grpc_listener())
    try:
        host, port = await door.start("127.0.0.1", 0)
        yield f"{host}:{port}"
    finally:
        await door.stop(0)


async def reason_of(response: aiohttp.ClientResponse) -> str:
    """The reason that an error names."""
    return (await response.json())["details"][0]["reason"]
