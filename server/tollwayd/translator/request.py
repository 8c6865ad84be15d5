"""A request as a listener gives it, whatever reads it from the wire: its head, its body as that comes, its client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from tollwayd.translator.answers.reply import Reply

    Answer = Callable[["Request"], Awaitable[bool]]
    """Answers a request, and says whether the connection stays for another. It raises CancelledError only."""

HTTP_1_0: Final = "1.0"
HTTP_1_1: Final = "1.1"

SINGLE_FIELDS: Final = frozenset(
    {
        "content-length",
        "content-location",
        "content-range",
        "content-type",
        "etag",
        "host",
        "max-forwards",
        "server",
        "transfer-encoding",
        "user-agent",
    }
)
"""Header fields that there is one of (RFC 9110): a request with two is malformed."""


class BrokenBody(Exception):  # noqa: N818 - a fact about the client, caught where bodies are read.
    """The body's framing is malformed, or it ended too early: no more of it can be read."""


class Body(Protocol):
    """The body of a request, as it comes."""

    @property
    def whole(self) -> bool:
        """Whether all of it has come, read or not."""

    def take(self) -> bytes:
        """What has come and is not read."""

    async def read(self) -> bytes:
        """The same; waits for a byte at least, and is empty at the end. BrokenBody, and ConnectionError where the
        client is gone.
        """


class Client(Protocol):
    """A client's connection. `transport` is None once it is lost, `reply` the answer under way, `peer` the client's
    address, empty where nobody knows it, and `task` runs the requests, one after the other. It is cancelled where the
    client leaves.
    """

    transport: asyncio.Transport | None
    reply: Reply | None

    @property
    def peer(self) -> str: ...

    @property
    def task(self) -> asyncio.Task[Any]: ...

    @property
    def writing_paused(self) -> bool:
        """Whether the client does not keep up with what is written."""

    def drained(self) -> asyncio.Future[None]:
        """Done when it does, or has left. It is the caller's, who may cancel it."""

    def set_parser(self, parser: Any, data_received_cb: Callable[[], None] | None = None) -> None:
        """Ends HTTP on the connection: what comes goes to `parser`, as aiohttp's of WebSockets are one."""


OWN_FIELDS: Final = frozenset(
    {
        "b3",
        "idempotency-key",
        "request-id",
        "traceparent",
        "tracestate",
        "x-amzn-trace-id",
        "x-b3-parentspanid",
        "x-b3-spanid",
        "x-b3-traceid",
        "x-client-request-id",
        "x-cloud-trace-context",
        "x-correlation-id",
        "x-datadog-parent-id",
        "x-datadog-trace-id",
        "x-request-id",
    }
)
"""Header fields that say which request it is, as clients and meshes write them anew each time. None of them may decide
who asks, for what, or where the request ends.
"""


class Recurring:
    """A head that may come again on its connection. `own` are those of OWN_FIELDS that may have other values then, and
    `reading` is what the door has made of it, None before the first request with it has been read.
    """

    __slots__ = ("own", "reading")

    def __init__(self, own: Collection[str]) -> None:
        self.own: Final = own
        self.reading: Any = None


@dataclass(slots=True, eq=False)
class Request:
    """`target` is as it came, bytes that are not UTF-8 as surrogates (PEP 383), and `version` as in "1.1". `headers`
    are by lower-case names, values of one name joined by commas (RFC 9110, section 5.3). `body` is None where there is
    none. `keep_alive` says whether the connection may stay for another request. `recurring` is one for all requests of
    a connection that have the same head but for `content-length` and OWN_FIELDS, and `own` are the latter, where it is
    not the first of them; None where the listener does not know of others.
    """

    method: str
    target: str
    version: str
    headers: Mapping[str, str]
    body: Body | None
    client: Client
    keep_alive: bool
    recurring: Recurring | None = None
    own: Mapping[str, str] | None = None


def readable(value: bytes) -> str:
    """The value of a field: UTF-8 where it is that, else ISO 8859-1 (RFC 9110, section 5.5)."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("iso-8859-1")
