"""A wire: the protocol in which one request came, and its answer goes. Each protocol is a subclass in its own file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from google.protobuf.message import Message

from tollwayd.core.call import Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tollwayd.core.errors import TollwayError
    from tollwayd.rpc.registry import Method
    from tollwayd.translator.answers.encoding import Encoding
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.head.cors import CrossOrigin
    from tollwayd.translator.head.etags import Etags
    from tollwayd.translator.limits import Timeouts
    from tollwayd.translator.messages.inbound import RequestReader
    from tollwayd.translator.messages.outbound import ResponsePrinter
    from tollwayd.translator.options import OnRefusal
    from tollwayd.translator.pages import Page
    from tollwayd.translator.request import Request
    from tollwayd.translator.rules.routes import RouteTable
    from tollwayd.translator.wires.rpc.codec import Codec


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a route leads to: a method, and the translations and the etags of one of its bindings."""

    method: Method
    reader: RequestReader
    printer: ResponsePrinter
    etags: Etags


@dataclass(frozen=True, slots=True)
class Site:
    """What a door serves, to whom, and within which limits. `pages` are by their exact paths, `rpcs` by their gRPC
    names, which are paths too, and `codecs` by theirs.
    """

    routes: RouteTable[Endpoint]
    pages: Mapping[str, Page]
    rpcs: Mapping[str, Method]
    codecs: Mapping[str, Codec]
    max_body_bytes: int
    timeouts: Timeouts
    cors: CrossOrigin | None
    like_grpc_gateway: bool
    on_refusal: OnRefusal | None
    encoding: Encoding


class Messages(Protocol):
    """A streamed answer, as the chain gives it: read to its end, or closed."""

    def __aiter__(self) -> Messages: ...
    async def __anext__(self) -> Message: ...
    def go_straight(self, take: Callable[[bytes], bool]) -> None: ...
    async def aclose(self) -> None: ...


class Wire(ABC):
    """Reads one request and writes its answer: `begin`, then `read` and `answer`. Whatever one of them raises, or the
    method itself, goes to `fail`. All of them raise TollwayError for what the caller may know, and ConnectionError
    where the client is gone.
    """

    __slots__ = ("call", "method", "reply", "request", "site")

    door: str
    """What calls are told of where they came in."""

    def __init__(self, request: Request, reply: Reply, site: Site, method: Method) -> None:
        self.request: Final = request
        self.reply: Final = reply
        self.site: Final = site
        self.method: Final = method
        self.call: Call | None = None

    @abstractmethod
    def begin(self) -> Call:
        """Makes the call out of the request's head."""

    def make_call(self, metadata: Mapping[str, str], deadline: float | None) -> Call:
        """The call of this request; `deadline` as a Call has it."""
        peer = self.request.client.peer
        return Call(self.method.name, metadata, peer=peer, door=self.door, deadline=deadline)

    @abstractmethod
    async def read(self) -> Any:
        """Reads the request message, or makes the iterator that reads them where the method streams requests."""

    @abstractmethod
    def send(self, call: Call, message: Message) -> Awaitable[None]:
        """Answers with the one message."""

    @abstractmethod
    async def stream(self, call: Call, messages: Messages) -> None:
        """Answers with all the messages; `answer` closes them."""

    @abstractmethod
    async def fail(self, error: TollwayError, call_id: str) -> None:
        """Answers with the error, or ends with it an answer that has begun."""

    def answer(self, call: Call, result: Any) -> Awaitable[None]:
        """Answers with what the method gave."""
        if not isinstance(result, Message):
            return self._stream(call, result)
        # A method may answer before the last of the messages that it streams has come.
        self.reply.close_if_unread()
        return self.send(call, result)

    async def _stream(self, call: Call, result: Messages) -> None:
        try:
            await self.stream(call, result)
        finally:
            await result.aclose()
