"""A bookstore served over REST: an API that has nothing to do with the gateway, by servicers that tests steer."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager

from google.api import annotations_pb2, httpbody_pb2
from google.protobuf import (
    any_pb2,
    descriptor_pool,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    message_factory,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)

from tests.apis.compiled import PROTOS, compile_proto
from tests.apis.listeners import listener
from tollwayd.core.chain import Chain
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.registry import Registry
from tollwayd.translator.options import RestOptions
from tollwayd.translator.server import RestDoor

PACKAGE = "bookstore.rest.v1"
# Imported so that the pool knows the files that the bookstore imports.
IMPORTED = (
    annotations_pb2,
    any_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    httpbody_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
HttpBody = httpbody_pb2.HttpBody
Empty = empty_pb2.Empty


compile_proto(PROTOS / "bookstore.proto")


def message(name: str):
    """The class of one of the bookstore's messages."""
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(f"{PACKAGE}.{name}"))


def service(name: str):
    """The descriptor of one of the bookstore's services."""
    return descriptor_pool.Default().FindServiceByName(f"{PACKAGE}.{name}")


Book = message("Book")
GetBookRequest = message("GetBookRequest")
ListBooksRequest = message("ListBooksRequest")
ListBooksResponse = message("ListBooksResponse")
PutScanRequest = message("PutScanRequest")
SellBookRequest = message("SellBookRequest")


class Bookstore:
    """All three services. What it was asked is kept, and what it answers can be held back.

    `requests` are the request messages, `calls` their calls. Streams stop before a message until `proceed` is set, and
    `cancelled` is set when a call that waits is cancelled or a stream closed. Request streams are taken in while
    `taking` is set; `took` is set with the first of their messages, `taken` counts them, and `taken_bytes` what is in
    scans, which are not kept.
    """

    def __init__(self) -> None:
        self.requests = []
        self.calls = []
        self.books = {}
        self.begun = asyncio.Event()
        self.proceed = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.taking = asyncio.Event()
        self.taking.set()
        self.took = asyncio.Event()
        self.taken = 0
        self.taken_bytes = 0
        self.error = None
        self.chunks = [b"first", b"second"]
        self.response_metadata = {}
        self.trailers = {}

    def _seen(self, request, call) -> None:
        self.requests.append(request)
        self.calls.append(call)
        call.response_metadata.update(self.response_metadata)
        call.trailers.update(self.trailers)
        self.begun.set()

    async def _pause(self) -> None:
        try:
            await self.proceed.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def GetBook(self, request, call):
        self._seen(request, call)
        if self.error:
            raise self.error
        if request.name not in self.books and not request.isbn:
            raise TollwayError(Reason.REASON_RESOURCE_NOT_FOUND, f"{request.name} does not exist.")
        return self.books.get(request.name) or Book(name=f"isbn/{request.isbn}")

    async def ListBooks(self, request, call):
        self._seen(request, call)
        books = [book for name, book in self.books.items() if name.startswith(request.parent + "/")]
        return ListBooksResponse(books=books, titles=[book.title for book in books], first=books[0] if books else None)

    async def CreateBook(self, request, call):
        self._seen(request, call)
        book = Book()
        book.CopyFrom(request.book)
        book.name = f"{request.parent}/books/{request.book_id}"
        self.books[book.name] = book
        return book

    async def UpdateBook(self, request, call):
        self._seen(request, call)
        book = self.books[request.book.name]
        request.update_mask.MergeMessage(request.book, book)
        return book

    async def DeleteBook(self, request, call):
        self._seen(request, call)
        del self.books[request.name]
        return Empty()

    async def SellBook(self, request, call):
        self._seen(request, call)
        return Book(name=request.name, copies_sold=request.copies)

    async def TagBooks(self, request, call):
        self._seen(request, call)
        return request

    async def OrderBook(self, request, call):
        self._seen(request, call)
        await self._pause()
        return Book(name=request.name)

    async def WatchBooks(self, request, call):
        self._seen(request, call)
        try:
            for number in range(request.count):
                yield Book(title=f"Book {number}")
                await self._pause()
            if self.error:
                raise self.error
        finally:
            self.cancelled.set()

    async def _take(self, requests, call):
        """The request messages, each when it may be taken. A sale of 99 copies is the last, one of 13 the error."""
        call.response_metadata.update(self.response_metadata)
        call.trailers.update(self.trailers)
        self.calls.append(call)
        self.begun.set()
        try:
            async for request in requests:
                await self.taking.wait()
                self.taken += 1
                self.took.set()
                yield request
                if getattr(request, "copies", 0) == 13:
                    raise self.error
                if getattr(request, "copies", 0) == 99:
                    return
        finally:
            self.cancelled.set()

    async def ShelveBooks(self, requests, call):
        async with aclosing(self._take(requests, call)) as taken:
            self.requests += [request async for request in taken]
        if self.error:
            raise self.error
        return ListBooksResponse(titles=[request.book.title for request in self.requests])

    async def ReviewBooks(self, requests, call):
        async with aclosing(self._take(requests, call)) as taken:
            async for request in taken:
                self.requests.append(request)
                yield Book(name=request.name, copies_sold=request.copies)

    async def UploadScan(self, requests, call):
        answer = PutScanRequest()
        async with aclosing(self._take(requests, call)) as taken:
            async for request in taken:
                self.taken_bytes += len(request.content.data)
                answer.path += request.path
                answer.content.content_type += request.content.content_type
        return answer

    async def EchoScan(self, requests, call):
        async with aclosing(self._take(requests, call)) as taken:
            async for request in taken:
                yield request

    async def Unbound(self, request, call):
        return Empty()

    async def GetScan(self, request, call):
        self._seen(request, call)
        return HttpBody(content_type="image/png", data=b"scan of " + request.path.encode())

    async def PutScan(self, request, call):
        self._seen(request, call)
        return Empty()

    async def CopyScan(self, request, call):
        self._seen(request, call)
        return request

    async def StreamScan(self, request, call):
        self._seen(request, call)
        try:
            for chunk in self.chunks:
                yield HttpBody(content_type="text/event-stream", data=chunk)
                await self._pause()
            if self.error:
                raise self.error
        finally:
            self.cancelled.set()

    async def Buy(self, request, call):
        self._seen(request, call)
        if self.error:
            raise self.error
        return HttpBody(content_type="text/plain", data=b"sold: " + request.content.data)


def kiosk_words(error: TollwayError) -> HttpBody:
    """The kiosk's own errors."""
    return HttpBody(content_type="text/x-kiosk", data=f"no: {error.rule.name}".encode())


def registry(store: Bookstore, chain: Chain | None = None) -> Registry:
    """The bookstore's methods, without any plugin around them where no chain is given."""
    made = Registry()
    chain = chain or Chain([])
    made.add(service("BookService"), store, chain)
    made.add(service("ScanService"), store, chain)
    made.add(service("KioskService"), store, chain, error_body=kiosk_words)
    return made


@asynccontextmanager
async def serve(store: Bookstore, **options):
    """The bookstore behind a REST door on a free port; gives the door and its address."""
    door = RestDoor(registry(store), RestOptions(**{"listener": listener()} | options))
    address = await door.start("127.0.0.1", 0)
    try:
        yield door, address
    finally:
        store.proceed.set()
        store.taking.set()
        await door.stop(0)
