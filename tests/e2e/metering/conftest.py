"""A tenant whose models have prices, at a provider that says what it used."""

from __future__ import annotations

import pytest

USAGE = {"input": 1001, "output": 21, "cached": 300, "reasoning": 5}
SAID = {"rules": [{"answer": {"text": "Hello there!", "usage": USAGE}}]}


def dollars(nanos: int) -> dict:
    """Nano-dollars as the Admin API takes money."""
    return {"currencyCode": "USD", "units": str(nanos // 10**9), "nanos": nanos % 10**9}


@pytest.fixture
def priced(tenant):
    """The tenant; 1,000,000 tokens cost 2.5 and 10 dollars, of cached input 1.25."""
    rates = {"input": dollars(2_500_000_000), "cacheRead": dollars(1_250_000_000), "output": dollars(10_000_000_000)}
    price = {"provider": "*", "model": "*", "rates": rates, "maxOutputTokens": 1000}
    tenant.admin("POST", f"/v1/{tenant.name}/prices?price_id=all", price)
    return tenant
