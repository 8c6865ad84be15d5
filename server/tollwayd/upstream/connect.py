"""Makes connections: name → judged addresses → socket → TLS."""

from __future__ import annotations

import asyncio
import ssl
from time import monotonic
from typing import TYPE_CHECKING

from tollwayd.upstream.connection import Connection
from tollwayd.upstream.failures import timed_out, unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.errors import TollwayError
    from tollwayd.core.origin import Origin
    from tollwayd.upstream.egress import EgressRules
    from tollwayd.upstream.pool import Pool

_MAX_ADDRESSES = 8
"""How many of a name's addresses are tried; a name with hundreds must not make the gateway a port scanner."""


def default_tls() -> ssl.SSLContext:
    """TLS 1.2 or newer, certificates checked against the system's authorities and the host's name."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


class Connector:
    """Makes connections for a Pool, to addresses that the egress rules allow and to no other."""

    def __init__(self, egress: EgressRules, pool: Pool, tls: ssl.SSLContext) -> None:
        self._egress = egress
        self._pool = pool
        self._tls = tls

    async def connect(self, origin: Origin, seconds: float) -> Connection:
        """A new connection. REASON_EGRESS_DENIED, REASON_UPSTREAM_UNREACHABLE, or TimeoutError after `seconds`."""
        until = monotonic() + seconds
        async with asyncio.timeout(seconds):
            addresses = (await self._egress.addresses(origin))[:_MAX_ADDRESSES]
            return await self._first(addresses, origin, until)

    async def _first(self, addresses: Sequence[str], origin: Origin, until: float) -> Connection:
        """The first connection that can be made. An address that swallows packets has only its share of the time, the
        last one all that is left."""
        error: Exception = OSError()
        for others, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
            share = (until - monotonic()) / (others + 1) if others else None
            try:
                async with asyncio.timeout(share):
                    return await self._dial(address, origin)
            except (OSError, ssl.SSLError) as failure:
                error = failure
        raise _refused(error) from error

    async def _dial(self, address: str, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()
        secure = origin.scheme == "https"
        connection = Connection(origin, self._pool, loop)
        try:
            await loop.create_connection(
                lambda: connection,
                address,
                origin.port,
                ssl=self._tls if secure else None,
                server_hostname=origin.host if secure else None,
            )
        except BaseException:
            connection.abandon()
            raise
        return connection


def _refused(error: Exception) -> TollwayError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return unreachable("The provider's TLS certificate is not valid for its host, or not trusted here.")
    if isinstance(error, ssl.SSLError):
        return unreachable("No TLS connection to the provider could be made.")
    if isinstance(error, TimeoutError):
        return timed_out("connect")
    return unreachable("No connection to the provider could be made.")
