"""The InvoiceStore: what is begun, billed and stored once stays so, whoever asks again."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.memory_billing import MemoryInvoiceStore
from tests.running.redis_server import every_kind
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state.billing import keys
from tollwayd.state.billing.invoice_store import TENANTS, RedisInvoiceStore
from tollwayd.state.connection import connect
from tollwayd.state.metering.keys import ledger

ACCOUNT = "billingAccounts/retail"
OCTOBER, NOVEMBER = f"{ACCOUNT}/invoices/2026-10", f"{ACCOUNT}/invoices/2026-11"
OTHER = "billingAccounts/other/invoices/2026-10"
NEVER = 2**53

pytest_generate_tests = every_kind


@pytest.fixture
def redis_home():
    return keys.CLOSINGS


@pytest_asyncio.fixture(name="redis_invoices")
async def redis_invoice_store(redis_url):
    made = RedisInvoiceStore(redis_url)
    yield made
    await made.aclose()


@pytest.fixture
def store(redis_kind, request):
    return MemoryInvoiceStore() if redis_kind == "memory" else request.getfixturevalue("redis_invoices")


async def test_an_invoice_is_stored_once(store):
    with pytest.raises(TollwayError) as missing:
        await store.get(OCTOBER)
    assert missing.value.reason == Reason.REASON_RESOURCE_NOT_FOUND
    first = await store.put(OCTOBER, b"one", head=b"1")
    assert await store.put(OCTOBER, b"two", head=b"2") == first == await store.get(OCTOBER)
    assert (first.record, first.version) == (b"one", 1)
    assert [each.record for each in await store.list(ACCOUNT, limit=9)] == [b"1"]


async def test_of_many_that_store_at_once_all_get_the_same(store):
    stored = await asyncio.gather(*(store.put(OCTOBER, b"%d" % number, head=b"") for number in range(30)))
    assert len({each.record for each in stored}) == 1
    assert [each.name for each in await store.list(ACCOUNT, limit=9)] == [OCTOBER]


async def test_invoices_are_listed_by_account_in_the_order_of_periods(store):
    for name in (NOVEMBER, OTHER, OCTOBER):
        await store.put(name, b"the whole", head=name.encode())
    assert [each.name for each in await store.list(ACCOUNT, limit=9)] == [OCTOBER, NOVEMBER]
    assert [each.name for each in await store.list(ACCOUNT, limit=1)] == [OCTOBER]
    assert [each.record for each in await store.list(ACCOUNT, after=OCTOBER, limit=9)] == [NOVEMBER.encode()]


async def test_a_closing_begins_when_its_time_has_come_and_once(store):
    none, now = await store.begin(OCTOBER, b"early", from_ms=NEVER)
    assert none is None
    assert (await store.begin(OCTOBER, b"still early", from_ms=now + 3_600_000))[0] is None
    begun, later = await store.begin(OCTOBER, b"first", from_ms=now)
    assert begun == b"first"
    assert later >= now
    assert (await store.begin(OCTOBER, b"second", from_ms=0))[0] == b"first"
    assert (await store.begin(OCTOBER, b"third", from_ms=NEVER))[0] == b"first"
    assert (await store.begun(OCTOBER))[0] == b"first"
    assert (await store.begun(NOVEMBER))[0] is None


async def test_the_servers_own_clock_decides(redis_invoices, redis_url):
    async with connect(redis_url) as client:
        seconds, micros = await client.time()
    _, now = await redis_invoices.begun(OCTOBER)
    assert 0 <= now - (seconds * 1000 + micros // 1000) < 60_000


async def test_time_is_billed_once(store):
    one, other = "tenants/one", "tenants/other"
    assert await store.spans(OTHER, [one], 100, 200, keep=True) == [[(100, 200)]]
    # What is taken is left out, on either side of it and in the middle; other tenants have a time of their own.
    assert await store.spans(OCTOBER, [one, other], 150, 300, keep=False) == [[(200, 300)], [(150, 300)]]
    assert await store.spans(OCTOBER, [one], 50, 150, keep=False) == [[(50, 100)]]
    assert await store.spans(OCTOBER, [one], 120, 180, keep=False) == [[]]
    assert await store.spans(OCTOBER, [one], 50, 300, keep=True) == [[(50, 100), (200, 300)]]
    # Asked again, each has what it had.
    assert await store.spans(OTHER, [one], 100, 200, keep=True) == [[(100, 200)]]
    assert await store.spans(OCTOBER, [one], 50, 300, keep=True) == [[(50, 100), (200, 300)]]
    assert await store.spans(NOVEMBER, [one], 0, 1000, keep=True) == [[(0, 50), (300, 1000)]]


async def test_milliseconds_of_this_century_lose_no_digit(store):
    start, end = 1_793_487_600_001, 1_796_083_199_999
    assert await store.spans(OCTOBER, ["tenants/one"], start, end, keep=True) == [[(start, end)]]
    assert await store.spans(NOVEMBER, ["tenants/one"], start - 1, end + 1, keep=False) == [
        [(start - 1, start), (end, end + 1)]
    ]


async def test_every_tenant_of_many_has_its_own_spans(store):
    many = [f"tenants/t{number}" for number in range(2 * TENANTS + 1)]
    for number, tenant in enumerate(many):
        await store.spans(OTHER, [tenant], 0, number, keep=True)
    found = await store.spans(OCTOBER, many, 0, 1000, keep=True)
    assert found == [[(number, 1000)] for number in range(len(many))]
    assert await store.spans(OCTOBER, many, 0, 1000, keep=True) == found


SPANS = st.tuples(st.integers(0, 30), st.integers(1, 12)).map(lambda span: (span[0], span[0] + span[1]))


@given(st.lists(SPANS, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_closed_in_whatever_order_every_moment_is_billed_once(shared_redis, asked):
    async def run():
        async with connect(shared_redis) as client:
            await client.delete(keys.SPANS)
        store = RedisInvoiceStore(shared_redis)
        billed = []
        for number, (start, end) in enumerate(asked):
            (spans,) = await store.spans(f"{ACCOUNT}/invoices/{number}", ["tenants/t"], start, end, keep=True)
            billed += [moment for first, last in spans for moment in range(first, last)]
        await store.aclose()
        return billed

    billed = asyncio.run(run())
    assert sorted(billed) == sorted({moment for start, end in asked for moment in range(start, end)})


@pytest.mark.parametrize("before", [[], [5], [5, 900], [1000], [5, 5000]])
async def test_nothing_is_booked_any_more_before_a_seal(redis_invoices, redis_kind, redis_url, before):
    tenant, far = "tenants/one", 4_000_000_000_000  # A moment that the server's clock has not reached: as one set back.
    key = ledger(tenant)
    async with connect(redis_url) as client:
        for moment in before:
            await client.xadd(key, {"e": b"x"}, id=f"{far + moment}-0")
        for _ in range(2):
            await redis_invoices.seal(tenant, far + 1000)
        assert await client.xlen(key) == len(before)
        booked = await client.xadd(key, {"e": b"y"})
        assert int(booked.partition(b"-")[0]) == far + max([1000, *before])
        assert [fields[b"e"] for _, fields in await client.xrange(key)] == [b"x"] * len(before) + [b"y"]


async def test_every_write_can_lose_its_reply_and_its_scripts(redis_invoices, redis_url):
    """Repeated, and after the server has forgotten its scripts, each does what it did."""
    async with connect(redis_url) as client:
        for _ in range(2):
            assert (await redis_invoices.begin(OCTOBER, b"draft", from_ms=0))[0] == b"draft"
            assert await redis_invoices.spans(OCTOBER, ["tenants/one"], 1, 9, keep=True) == [[(1, 9)]]
            assert (await redis_invoices.put(OCTOBER, b"invoice", head=b"")).record == b"invoice"
            await client.script_flush()
        assert await client.hlen(keys.CLOSINGS) == await client.hlen(keys.SPANS) == 1


async def test_keys_of_one_script_share_a_slot_and_an_account_has_its_own(redis_invoices, redis_client):
    await redis_invoices.begin(OCTOBER, b"", from_ms=0)
    await redis_invoices.spans(OCTOBER, ["tenants/one"], 1, 9, keep=True)
    await redis_invoices.put(OCTOBER, b"", head=b"")
    found = {key.decode() for key in await redis_client.keys()}
    tags = {key.split("{")[1].split("}")[0] for key in found}
    # Of a cluster this is the server that has the billing slot.
    assert {"billing"} <= tags <= {"billing", ACCOUNT}
    assert all(key.startswith("tollway:{") for key in found)
