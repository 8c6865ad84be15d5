"""Egress rules: where the gateway may connect to.

A tenant may write any base URL, so without rules the gateway would be its tenant's hands inside the operator's network
(server-side request forgery). A host is resolved once; every address that it stands for is judged, one bad one refuses
them all, and the connection goes to a judged address and not to the name: a second lookup could answer otherwise (DNS
rebinding). It is judged when it is written, for a quick answer, and at each connection, which is what counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.upstream.addresses import Network, is_blocked, is_public, unwrapped
from tollwayd.upstream.failures import unreachable
from tollwayd.upstream.lookup import Lookups
from tollwayd.upstream.origin import parse_base_url

if TYPE_CHECKING:
    from tollwayd.core.origin import Origin

LOOKUP_SECONDS = 2.0
"""How long a write waits for a name to be looked up; a slow name server must not make configuration unwritable."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""`await resolve(host, port)`: the IP addresses that a name stands for, in the order to try; OSError where none."""


class EgressRules:
    """The public Internet, and the networks that the operator allows on top (`TOLLWAY_EGRESS_ALLOW`).

    `resolve` is the operating system's unless it is given. ValueError where one of `allow` is not a network in CIDR
    notation.
    """

    def __init__(self, allow: Iterable[str | Network] = (), *, resolve: Resolve | None = None) -> None:
        self._allow = tuple(ip_network(network) for network in allow)
        self._resolve = resolve or Lookups().resolve

    def allows(self, address: str) -> bool:
        """Whether connections to this IP address are allowed."""
        judged = unwrapped(ip_address(address))
        return is_public(judged) or any(judged in network for network in self._allow)

    async def judge_url(self, base_url: str) -> None:
        """Judges a base URL that is about to be stored: REASON_FIELD_INVALID, REASON_EGRESS_DENIED.

        A name that does not resolve now passes: it may be one that only exists later, or only where calls are made,
        and each connection is judged again.
        """
        origin = parse_base_url(base_url).origin
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                await self.addresses(origin)
        except TimeoutError:
            return
        except TollwayError as error:
            if error.reason != Reason.REASON_UPSTREAM_UNREACHABLE:
                raise

    async def addresses(self, origin: Origin) -> Sequence[str]:
        """The addresses of an origin, all of them allowed, in the order to try.

        REASON_EGRESS_DENIED where one is not, REASON_UPSTREAM_UNREACHABLE where its name does not resolve.
        """
        if is_blocked(origin.port):
            raise TollwayError(Reason.REASON_EGRESS_DENIED, "The provider's port is one of another protocol than HTTP.")
        found = await self._lookup(origin)
        if not all(self.allows(address) for address in found):
            raise TollwayError(
                Reason.REASON_EGRESS_DENIED,
                "The provider's host is, or stands for, an address that this gateway may not call."
                " Its operator can allow networks in TOLLWAY_EGRESS_ALLOW.",
            )
        return found

    async def _lookup(self, origin: Origin) -> Sequence[str]:
        if _is_address(origin.host):
            return [origin.host]
        try:
            found = await self._resolve(origin.host, origin.port)
        except (OSError, UnicodeError):
            found = ()
        if not found:
            raise unreachable("The provider's name does not resolve.")
        return found


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
