"""What tests book by themselves is what the meter books, key by key; and sums of it are those of its ledger."""

from __future__ import annotations

import pytest

from tests.metered.booked import TENANT, book, charge, entry
from tollwayd.core.metering.limits.limit import Settlement
from tollwayd.core.metering.usage import HOUR_MS, Sums
from tollwayd.state.metering import keys
from tollwayd.state.metering.ledger_reader import RedisLedger
from tollwayd.state.metering.meter import RedisMeter
from tollwayd.state.metering.usage_reader import RedisUsage

CALLS = [
    {"cost_nanos": 7, "user": "Zoë", "tags": {"team": "search", "env": "prod"}},
    {"cost_nanos": 0, "outcome": "FAILED", "input_tokens": 0, "output_tokens": 0},
    {
        "cost_nanos": 10**10,
        "cache_read_tokens": 1,
        "cache_write_tokens": 2,
        "cache_write_hour_tokens": 3,
        "reasoning_tokens": 4,
    },
    {"cost_nanos": 0, "price_version": ""},
    {"cost_nanos": -3, "kind": "CORRECTION", "input_tokens": -2, "output_tokens": 0},
]


@pytest.fixture
async def meter(redis_url):
    made = RedisMeter(redis_url)
    yield made
    await made.aclose()


async def settle(meter, call: str, tenant: str, **fields) -> None:
    await meter.settle(Settlement(tenant, call, charge(entry(call, tenant=tenant, **fields)), unreserved=()))


async def written(client, tenant: str) -> tuple:
    """The fields of a tenant's usage without their hours, and the records of its ledger without their tenant."""
    usage: dict[bytes, int] = {}
    for key in await client.keys(keys.usage(tenant, 0)[:-1] + "*"):
        for field, value in (await client.hgetall(key)).items():
            without_hour = field.partition(b"\x1f")[2]
            if without_hour == b"places":
                continue
            usage[without_hour] = usage.get(without_hour, 0) + int(value)
    records = [fields for _, fields in await client.xrange(keys.ledger(tenant))]
    return usage, [{name: value.replace(tenant.encode(), b"") for name, value in each.items()} for each in records]


async def test_the_meter_books_as_tests_do(redis_client, meter):
    for number, fields in enumerate(CALLS):
        await settle(meter, f"c{number}", "tenants/a", **fields)
        await book(redis_client, entry(f"c{number}", tenant="tenants/b", **fields))
    by_meter = await written(redis_client, "tenants/a")
    assert by_meter == await written(redis_client, "tenants/b")
    assert len(by_meter[1]) == len(CALLS)


async def test_sums_of_usage_are_those_of_the_ledger(redis_url, meter):
    for number in range(200):
        await settle(meter, f"c{number}", TENANT, **CALLS[number % len(CALLS)], api_key=f"k{number % 3}")
    ledger, usage = RedisLedger(redis_url), RedisUsage(redis_url)
    batches = ledger.entries(TENANT, start_ms=0, end_ms=2**48)
    entries = [each async for batch in batches for each in batch]
    hour = entries[0].book_time.ToMilliseconds() // HOUR_MS
    parts = [part async for batch in usage.parts(TENANT, start_hour=hour, end_hour=hour + 2) for part in batch]
    charged = [charge(each) for each in entries]
    assert len(entries) == 200
    assert [sum(amounts) for amounts in zip(*(part.sums for part in parts), strict=True)] == list(
        Sums(
            sum(each.requests for each in charged),
            sum(each.requests for each in charged if each.failed),
            *(sum(amounts) for amounts in zip(*(each.counts for each in charged), strict=True)),
            sum(each.cost for each in charged),
            sum(each.requests for each in charged if each.unpriced),
        )
    )
    await ledger.aclose()
    await usage.aclose()
