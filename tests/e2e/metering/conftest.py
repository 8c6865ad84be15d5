"""A tenant whose models have prices, at a provider that says what it used."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from tollwayd.state.embedded import EmbeddedRedis
from tollwayd.state.metering.ledger_reader import RedisLedger

if TYPE_CHECKING:
    from tollway.admin.v1.ledger_pb2 import LedgerEntry

USAGE = {"input": 1001, "output": 21, "cached": 300, "reasoning": 5}
SAID = {"rules": [{"answer": {"text": "Hello there!", "usage": USAGE}}]}


def dollars(nanos: int) -> dict:
    """Nano-dollars as the Admin API takes money."""
    return {"currencyCode": "USD", "units": str(nanos // 10**9), "nanos": nanos % 10**9}


def set_price(tenant) -> None:
    """1,000,000 tokens of the tenant's cost 2.5 and 10 dollars, of cached input 1.25."""
    rates = {"input": dollars(2_500_000_000), "cacheRead": dollars(1_250_000_000), "output": dollars(10_000_000_000)}
    price = {"provider": "*", "model": "*", "rates": rates, "maxOutputTokens": 1000}
    tenant.admin("POST", f"/v1/{tenant.name}/prices?price_id=all", price)


@pytest.fixture
def priced(tenant):
    """The tenant."""
    set_price(tenant)
    return tenant


class Books:
    """The ledger of one tenant."""

    def __init__(self, ledger: RedisLedger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = tenant

    async def entries(self, count: int, *, within: float = 10) -> list[LedgerEntry]:
        """All entries, once there are so many."""
        async with asyncio.timeout(within), aclosing(self._ledger.follow(self._tenant, after="0-0")) as following:
            found = 0
            async for batch in following:
                found += len(batch)
                if found >= count:
                    break
        return await self.now()

    async def now(self) -> list[LedgerEntry]:
        """All entries as of now."""
        return [
            entry async for batch in self._ledger.entries(self._tenant, start_ms=0, end_ms=2**53) for entry in batch
        ]


@pytest.fixture
async def books(gateway, priced):
    """The tenant's ledger."""
    ledger = RedisLedger(EmbeddedRedis(gateway.data_dir).url)
    yield Books(ledger, priced.name)
    await ledger.aclose()
