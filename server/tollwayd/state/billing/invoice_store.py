"""The InvoiceStore over Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from tollwayd.core.resource_errors import not_found
from tollwayd.state.billing import keys
from tollwayd.state.connection import connect
from tollwayd.state.listing import resource
from tollwayd.state.metering.keys import ledger
from tollwayd.state.outage import reach
from tollwayd.state.resource_names import lex_range
from tollwayd.state.script import Script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.ports import Resource

CONNECTIONS: Final = 4
"""Connections; who finds them all busy waits. Invoices are few."""

TENANTS: Final = 100
"""Tenants whose spans one script looks through: with ten years of invoices a few milliseconds of Redis's time."""

_BEGIN: Final = Script("billing/begin.lua")
_SPANS: Final = Script("billing/spans.lua")
_SEAL: Final = Script("billing/seal.lua")
_PUT: Final = Script("billing/put.lua")
_PAGE: Final = Script("page.lua")

_NEVER: Final = 2**53
"""Milliseconds that no clock reaches."""

_VERSION: Final = b"1 "
"""Of every invoice: it never changes."""


class RedisInvoiceStore:
    """An `InvoiceStore` at a `redis://`, `rediss://` or `unix://` URL. Connects when it is first used; close it."""

    def __init__(self, url: str) -> None:
        self._client = connect(url, CONNECTIONS)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def get(self, name: str) -> Resource:
        stored = await reach(self._client.hget, keys.invoices(_account(name)), name)
        if stored is None:
            raise not_found(name)
        return resource(name, cast("bytes", stored))

    async def list(self, account: str, *, after: str = "", limit: int) -> Sequence[Resource]:
        used = (keys.heads(account), keys.periods(account))
        flat = await reach(_PAGE.run, self._client, used, *lex_range(f"{account}/invoices", after), limit)
        return [resource(name.decode(), stored) for name, stored in zip(flat[::2], flat[1::2], strict=True)]

    async def begin(self, name: str, draft: bytes, *, from_ms: int) -> tuple[bytes | None, int]:
        begun, now_ms = await reach(_BEGIN.run, self._client, (keys.CLOSINGS,), name, draft, from_ms)
        return begun or None, int(now_ms)

    async def begun(self, name: str) -> tuple[bytes | None, int]:
        return await self.begin(name, b"", from_ms=_NEVER)

    async def spans(
        self, name: str, tenants: Sequence[str], start_ms: int, end_ms: int, *, keep: bool
    ) -> Sequence[Sequence[tuple[int, int]]]:
        found: list[Sequence[tuple[int, int]]] = []
        for first in range(0, len(tenants), TENANTS):
            some = tenants[first : first + TENANTS]
            lines = await reach(_SPANS.run, self._client, (keys.SPANS,), name, start_ms, end_ms, int(keep), *some)
            found += [_spans(each) for each in lines]
        return found

    async def seal(self, tenant: str, before_ms: int) -> None:
        await reach(_SEAL.run, self._client, (ledger(tenant),), before_ms)

    async def put(self, name: str, record: bytes, *, head: bytes) -> Resource:
        account = _account(name)
        used = (keys.invoices(account), keys.heads(account), keys.periods(account))
        stored = await reach(_PUT.run, self._client, used, name, _VERSION + record, _VERSION + head)
        return resource(name, stored)


def _account(name: str) -> str:
    """`billingAccounts/retail/invoices/2026-11` → `billingAccounts/retail`."""
    return "/".join(name.split("/", 2)[:2])


def _spans(lines: bytes) -> Sequence[tuple[int, int]]:
    pairs = [line.split() for line in lines.splitlines()]
    return [(int(start), int(end)) for start, end in pairs]
