"""The HTTP/1.1 client: sends requests to providers and gives their answers as they come.

It is the project's own because a general one costs a gateway most of its throughput. It follows no redirect, keeps no
cookie, reads no proxy settings and never decompresses: what a provider is sent, and by whom, is the caller's decision.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Protocol

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.upstream.connect import Connector, default_tls
from tollwayd.upstream.failures import UnansweredError, timed_out
from tollwayd.upstream.limits import DEFAULT_LIMITS, Limits
from tollwayd.upstream.pool import Pool
from tollwayd.upstream.request import header_lines, request_head
from tollwayd.upstream.response import HttpResponse

if TYPE_CHECKING:
    import ssl

    from tollwayd.core.origin import Origin
    from tollwayd.core.timeouts import Timeouts
    from tollwayd.upstream.connection import Connection
    from tollwayd.upstream.egress import EgressRules

__all__ = ["HttpClient", "HttpResponse", "header_lines", "request_head"]


class OnWay(Protocol):
    """Is told whether a request is on its way to the provider, each time that this changes."""

    def __call__(self, *, on_way: bool) -> object: ...


def _untold(*, on_way: bool) -> None:
    pass


class HttpClient:
    """Connections to any number of origins, for the tasks of one event loop. `egress` says which it may call."""

    def __init__(
        self, egress: EgressRules, *, limits: Limits = DEFAULT_LIMITS, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        self.egress = egress
        self._pool = Pool(limits)
        self._connector = Connector(egress, self._pool, ssl_context or default_tls())
        self._closed = False

    @property
    def open_connections(self) -> int:
        """How many connections are open, busy or free."""
        return self._pool.open_count

    async def send(
        self,
        origin: Origin,
        head: bytes,
        body: bytes,
        *,
        timeouts: Timeouts,
        on_way: OnWay = _untold,
    ) -> HttpResponse:
        """Sends a request, and returns when the head of its answer is there, whatever its status.

        `head` is what `request_head` wrote, with or without further `header_lines`. The answer has to be read to its
        end or closed. Raises REASON_EGRESS_DENIED, REASON_UPSTREAM_UNREACHABLE, REASON_UPSTREAM_TIMEOUT,
        REASON_UPSTREAM_INVALID, REASON_UPSTREAM_INTERRUPTED, and REASON_SHUTTING_DOWN after `close`. A task that is
        cancelled in it drops its connection at once.
        """
        if self._closed:
            raise TollwayError(Reason.REASON_SHUTTING_DOWN)
        total_at = monotonic() + timeouts.total
        if (pooled := self._pool.take(origin)) is not None:
            # A provider may close an idle connection just as a request goes out on it (RFC 9112, sections 9.3.1 and
            # 9.5). Closed at once and without a byte, it has not begun the request, as far as HTTP can tell, so the
            # request is sent again, POST or not (RFC 9110, section 9.2.2): once, and on a new connection, where this
            # race does not exist.
            on_way(on_way=True)
            try:
                return await pooled.ask(head, body, timeouts, total_at)
            except UnansweredError:
                on_way(on_way=False)
        connection = await self._connect(origin, timeouts.connect, total_at)
        on_way(on_way=True)
        return await connection.ask(head, body, timeouts, total_at)

    async def close(self) -> None:
        """Ends all connections; answers under way break off."""
        self._closed = True
        await self._pool.close()

    async def _connect(self, origin: Origin, seconds: float, total_at: float) -> Connection:
        left = total_at - monotonic()
        try:
            return await self._connector.connect(origin, min(seconds, left))
        except TimeoutError:
            raise timed_out("connect" if seconds <= left else "total") from None
