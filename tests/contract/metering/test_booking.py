"""What is booked: the ledger, the usage and the events of thresholds; calls that vanish, and those that come back."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import msgspec
import pytest
from msgspec.structs import replace

from tests.metered.over_redis import DAY, ledger, spent, usage
from tests.metered.words import TENANT, TOKENS, calls, limit, reservation, settlement, taken
from tests.running.redis_server import every_kind
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.metering.charge import NOTHING, Charge, Counts, Dimensions
from tollwayd.core.metering.limits.limit import Algorithm, Grants
from tollwayd.core.metering.unit import Unit
from tollwayd.state.metering import keys
from tollwayd.state.metering.commands import LEASE_MS, REAPED, Record
from tollwayd.state.metering.events_reader import RedisPolicyEvents
from tollwayd.state.metering.followers import Followers
from tollwayd.state.metering.meter import RedisMeter
from tollwayd.state.metering.payload import charge_bytes, limits_bytes
from tollwayd.state.metering.pipeline import RUN

pytest_generate_tests = every_kind

BUDGET = limit(1_000, 500, unit=Unit.COST, bucket="budget", window_ms=keys.MS_A_DAY)
BUDGET_TODAY = f"budget\x1f{DAY * keys.MS_A_DAY}-{(DAY + 1) * keys.MS_A_DAY}"


async def test_a_settlement_books_entry_and_usage_once(clock, meter, redis_client):
    dimensions = Dimensions("app", "ann", "gpt", "openai", "gpt-5", ("env=prod", "team=search"))
    entry = LedgerEntry(call="a", cost_nanos=10**15).SerializeToString()
    both = Charge(Counts(1, 2, 3, 4, 5, 6), 10**15, failed=True, dimensions=dimensions, entry=entry, unpriced=True)
    await meter.reserve(reservation("a"))
    await asyncio.gather(*(meter.settle(settlement("a", both)) for _ in range(3)))

    assert [one.cost_nanos for one in await ledger(redis_client)] == [10**15]
    place = "12/app/ann/gpt/openai/gpt-5/env=prod,team=search"
    assert await usage(redis_client) == {
        f"{place}/calls": 1,
        f"{place}/failed": 1,
        f"{place}/input": 1,
        f"{place}/cache_read": 2,
        f"{place}/cache_write": 3,
        f"{place}/cache_write_hour": 4,
        f"{place}/output": 5,
        f"{place}/reasoning": 6,
        f"{place}/cost": 10**15,
        f"{place}/unpriced": 1,
    }


async def test_the_entry_in_the_ledger_is_the_bytes_that_were_given(clock, meter, redis_client):
    for number, entry in enumerate((bytes(range(256)), b"x" * 70_000)):
        await meter.reserve(reservation(f"c{number}"))
        await meter.settle(settlement(f"c{number}", Charge(entry=entry)))

    entries = await redis_client.xrange(keys.ledger(TENANT))
    assert [fields for _, fields in entries] == [{b"e": bytes(range(256))}, {b"e": b"x" * 70_000}]


async def test_what_comes_after_midnight_is_the_next_days_usage(clock, meter, redis_client):
    await meter.reserve(reservation("a"))
    await meter.reserve(reservation("b"))
    await meter.settle(settlement("a", spent(1)))
    clock.now_ms += 12 * 3_600_000
    # The lease of `b` ended hours ago; it is the next day that it is booked in.
    await meter.settle(settlement("b", spent(2)))

    assert await usage(redis_client) == {"12/app//m/one///calls": 1, "12/app//m/one///input": 1}
    assert (await usage(redis_client, DAY + 1))["0/app//m/one///input"] == 2


async def test_a_second_settlement_changes_nothing(clock, meter, redis_client):
    await meter.reserve(reservation("a", BUDGET))
    await meter.settle(settlement("a", spent(cost=100)))
    await meter.settle(settlement("a", spent(cost=200)))

    assert await taken(meter, BUDGET) == [100]
    assert [entry.cost_nanos for entry in await ledger(redis_client)] == [100]


async def test_a_call_that_ends_the_moment_it_is_held_is_booked_once(clock, meter, redis_client):
    await meter.reap(TENANT)
    before, held = meter.hold(reservation("before")), meter.hold(reservation("a"))
    await before  # Both answers came at once, and nobody was told of the second yet.
    assert held.done()
    for _ in range(2):
        await meter.settle(settlement("a", spent(25)))

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]
    assert not await redis_client.exists(keys.booked(TENANT))


async def test_a_call_without_a_reservation_is_counted_and_booked_once(clock, meter, redis_client):
    tokens = limit(100, 80, **TOKENS)
    at_once = calls(3)
    for _ in range(2):
        await meter.settle(settlement("a", spent(25), unreserved=[tokens, at_once]))
        await meter.settle(settlement("b", spent(7), unreserved=[]))

    assert await taken(meter, tokens, at_once) == [25, 0]
    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25, 7]


async def test_limits_that_a_reservation_lacks_are_counted_at_its_settlement(clock, meter, redis_client):
    first, second = limit(5, bucket="first"), limit(5, bucket="second")
    await meter.reserve(reservation("a", first))
    for _ in range(2):
        await meter.settle(settlement("a", spent(25), unreserved=[first, second]))

    assert await taken(meter, first, second) == [1, 1]
    assert len(await ledger(redis_client)) == 1


@pytest.fixture
def lost():
    return spent(33, 330, outcome=LedgerEntry.LOST)


async def test_a_call_of_which_nothing_is_heard_is_booked_as_lost(clock, meter, redis_client, lost):
    at_once = calls(1)
    await meter.reserve(reservation("a", BUDGET, at_once, if_lost=spent(outcome=LedgerEntry.LOST)))
    clock.now_ms += LEASE_MS - 1
    meter.checkpoint(TENANT, "a", lost)
    await meter.reserve(reservation("look", dry=True))
    clock.now_ms += LEASE_MS - 1
    assert await meter.reap(TENANT) == 0
    assert await taken(meter, BUDGET, at_once) == [500, 1]
    clock.now_ms += 1
    assert await meter.reap(TENANT) == 1
    assert await meter.reap(TENANT) == 0

    assert await taken(meter, BUDGET, at_once) == [330, 0]
    assert [(entry.outcome, entry.cost_nanos) for entry in await ledger(redis_client)] == [(LedgerEntry.LOST, 330)]


HOLD = """
local _, doubtful, takes = cmsgpack.unpack(redis.call('HGET', KEYS[1], ARGV[1]))
redis.call('HSET', KEYS[1], ARGV[1], cmsgpack.pack(ARGV[2], doubtful, takes))
"""


async def test_a_hold_of_a_gateway_that_counted_less_is_booked_and_corrected(clock, meter, redis_client, lost):
    await meter.reserve(reservation("a", BUDGET, if_lost=lost))
    older = charge_bytes(lost).replace(b"\xdc\x00\x12", b"\xdc\x00\x11")[:-1]
    await redis_client.eval(HOLD, 1, keys.holds(TENANT), "a", older)
    clock.now_ms += LEASE_MS
    assert await meter.reap(TENANT) == 1
    place = "12/app//m/one//"
    assert await usage(redis_client) == {f"{place}/calls": 1, f"{place}/input": 33, f"{place}/cost": 330}
    await meter.settle(settlement("a", replace(spent(50, 500), unpriced=True)))
    assert (await usage(redis_client))[f"{place}/unpriced"] == 1


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_who_books_lost_calls_hears_how_many_there_were(clock, meter, redis_client, number):
    for name in "abc"[:number]:
        await meter.reserve(reservation(name, if_lost=spent(1, call=name)))
    clock.now_ms += LEASE_MS

    assert await meter.reap(TENANT) == number
    assert await meter.reap(TENANT) == 0
    assert len(await ledger(redis_client)) == number


async def test_calls_that_come_together_book_no_more_lost_ones_than_the_reaper_at_once(clock, meter, redis_client):
    """Redis serves nobody else meanwhile, and when a gateway of thousands of calls is gone, others have calls, too."""
    for number in range(3 * REAPED):
        await meter.reserve(reservation(f"l{number}", if_lost=spent(1)))
    clock.now_ms += LEASE_MS
    await asyncio.gather(*(meter.reserve(reservation(f"c{number}")) for number in range(RUN)))
    assert await redis_client.xlen(keys.ledger(TENANT)) == REAPED


async def test_lost_calls_make_room_for_the_next(clock, meter, redis_client, lost):
    for name in "abc":
        await meter.reserve(reservation(name, calls(3), if_lost=lost))
    clock.now_ms += LEASE_MS

    assert isinstance(await meter.reserve(reservation("d", calls(3))), Grants)
    assert len(await ledger(redis_client)) == 2


TRUTHS = {
    "more": (spent(50, 500), [(50 - 33, 500 - 330)]),
    "less": (spent(3, 30), [(3 - 33, 30 - 330)]),
    "nothing": (NOTHING, [(-33, -330)]),
    "the same": (spent(33, 330), []),
    "another provider's": (spent(50, 500, provider="two"), [(-33, -330), (50, 500)]),
}


@pytest.mark.parametrize("truth", TRUTHS)
async def test_a_lost_call_that_is_settled_after_all_is_corrected_once(clock, meter, redis_client, lost, truth):
    true, corrections = TRUTHS[truth]
    await meter.reserve(reservation("a", BUDGET, calls(5), if_lost=lost))
    clock.now_ms += LEASE_MS
    await meter.reap(TENANT)
    await asyncio.gather(*(meter.settle(settlement("a", true)) for _ in range(3)))

    booked = await ledger(redis_client)
    assert [(entry.kind, entry.input_tokens, entry.cost_nanos) for entry in booked[1:]] == [
        (LedgerEntry.CORRECTION, *numbers) for numbers in corrections
    ]
    assert await taken(meter, BUDGET, calls(5)) == [true.cost, 0]
    assert await redis_client.hget(keys.limits(TENANT), BUDGET_TODAY + "s") == b"%d" % true.cost
    assert sum(entry.cost_nanos for entry in booked) == true.cost
    sums = {name: value for name, value in (await usage(redis_client)).items() if value}
    place = f"12/app//m/{true.dimensions.provider}//"
    expected = {"calls": 1, "input": true.counts.input, "cost": true.cost} if true.entry else {}
    assert sums == {f"{place}/{metric}": value for metric, value in expected.items()}


async def test_limits_that_a_lost_call_lacks_are_counted_when_it_is_settled(clock, meter, redis_client, lost):
    # It went on to another provider while the store did not take anything of it any more.
    another = limit(1_000, unit=Unit.COST, bucket="another", window_ms=keys.MS_A_DAY)
    await meter.reserve(reservation("a", BUDGET, if_lost=lost))
    clock.now_ms += LEASE_MS
    await meter.reap(TENANT)
    for _ in range(2):
        await meter.settle(settlement("a", spent(50, 500), unreserved=[BUDGET, another]))

    assert await taken(meter, BUDGET, another) == [500, 500]
    assert [entry.cost_nanos for entry in await ledger(redis_client)] == [330, 170]


async def test_a_lost_call_without_an_entry_is_booked_whole_when_it_is_settled(clock, meter, redis_client):
    await meter.reserve(reservation("a", if_lost=NOTHING))
    clock.now_ms += LEASE_MS
    await meter.reap(TENANT)
    assert await ledger(redis_client) == []
    await meter.settle(settlement("a", spent(5)))

    assert [(entry.kind, entry.input_tokens) for entry in await ledger(redis_client)] == [(LedgerEntry.CALL, 5)]


async def test_a_slice_is_lost_whole_and_corrected_by_what_was_used(clock, meter, redis_client):
    tokens = limit(100, 60, **TOKENS)
    await meter.reserve(reservation("slice", tokens, if_lost=Charge(Counts(input=60))))
    clock.now_ms += LEASE_MS
    await meter.reap(TENANT)
    assert await taken(meter, tokens) == [60]
    await meter.settle(settlement("slice", Charge(Counts(input=20))))

    assert await taken(meter, tokens) == [20]
    assert await ledger(redis_client) == []


@pytest.mark.parametrize("algorithm", [Algorithm.FIXED, Algorithm.SLIDING])
async def test_each_threshold_is_told_once_in_a_window_by_what_is_settled(clock, meter, redis_client, algorithm):
    budget = replace(BUDGET, algorithm=algorithm, thresholds=(500, 800, 1_000), amount=5, least=5)

    async def spend(*costs):
        before = await redis_client.xlen(keys.events(TENANT))
        for cost in costs:
            name = f"c{clock.now_ms}{cost}"
            await meter.reserve(reservation(name, budget))
            await meter.settle(settlement(name, spent(cost=cost)))
            clock.now_ms += 1
        events = await redis_client.xrange(keys.events(TENANT))
        return [int(fields[b"threshold"]) for _, fields in events[before:]]

    assert await spend(450, 49) == []
    assert await spend(1) == [500]
    assert await spend(490) == [800]
    assert await spend(50, 1) == [1_000]
    [event, *_] = await redis_client.xrange(keys.events(TENANT))
    assert (event[1][b"bucket"], event[1][b"limit"], event[1][b"settled"]) == (b"budget", b"1000", b"500")
    clock.now_ms += 2 * keys.MS_A_DAY
    assert await spend(900) == [500, 800]


REAPING = {
    "the reaper": lambda meter: meter.reap(TENANT),
    "the next call": lambda meter: meter.reserve(reservation("next", calls(1))),
    "the next call, held": lambda meter: meter.hold(reservation("next")),
    "a refused call": lambda meter: meter.reserve(reservation("next", limit(0))),
}


@pytest.mark.parametrize("by", REAPING)
async def test_the_process_whose_booking_reaches_a_threshold_is_told(redis_url, clock, redis_client, by):
    told = []
    meter = RedisMeter(redis_url, on_reached=told.append)
    budget = replace(BUDGET, thresholds=(500, 1_000), amount=5, least=5)
    await meter.reserve(reservation("a", budget))
    await meter.settle(settlement("a", spent(cost=700)))
    await meter.reserve(reservation("b", budget, if_lost=spent(cost=400)))
    clock.now_ms += LEASE_MS
    await REAPING[by](meter)

    assert [(each.bucket, each.threshold, each.settled, each.limit) for each in told] == [
        ("budget", 500, 700, 1_000),
        ("budget", 1_000, 1_100, 1_000),
    ]
    assert {each.end_ms - each.start_ms for each in told} == {BUDGET.window_ms}
    events = RedisPolicyEvents(Followers(redis_url))
    async with aclosing(events.follow(TENANT, after="0-0")) as following:
        assert [reached for _, reached in await anext(following)] == told
    await meter.aclose()


async def test_the_process_that_books_what_was_spooled_is_told_of_thresholds(redis_url, clock, redis_client):
    told = []
    meter = RedisMeter(redis_url, on_reached=told.append)
    limits = limits_bytes([replace(BUDGET, thresholds=(500,))], clock.now_ms)
    await meter.book(msgspec.msgpack.encode(Record(TENANT, "a", charge_bytes(spent(cost=700)), limits)))

    assert [(each.threshold, each.settled) for each in told] == [(500, 700)]
    await meter.aclose()


async def test_what_is_only_held_reaches_no_threshold(clock, meter, redis_client):
    await meter.reserve(reservation("a", replace(BUDGET, thresholds=(100,))))
    await meter.settle(settlement("a", spent(cost=99)))

    assert not await redis_client.exists(keys.events(TENANT))


async def test_spent_counters_are_the_sum_of_the_ledger(clock, meter, redis_client):
    for number in range(50):
        name = f"c{number}"
        await meter.reserve(reservation(name, replace(BUDGET, limit=10**6), if_lost=spent(cost=number, call=name)))
        if number % 3:
            await meter.settle(settlement(name, spent(cost=2 * number, call=name)))
    clock.now_ms += LEASE_MS
    await meter.reap(TENANT)

    total = sum(entry.cost_nanos for entry in await ledger(redis_client))
    sums = await redis_client.hmget(keys.limits(TENANT), BUDGET_TODAY, BUDGET_TODAY + "s")
    assert sums == [b"%d" % total, b"%d" % total]
    assert (await usage(redis_client))["12/app//m/one///cost"] == total


async def test_tenants_share_nothing(clock, meter):
    one = limit(1)
    await meter.reserve(reservation("a", one))
    other = replace(reservation("a", one), tenant="tenants/other")

    assert isinstance(await meter.reserve(other), Grants)


async def test_users_beyond_a_number_are_summed_up_without_their_names_and_tags(clock, meter, redis_client):
    """A caller who names another one in each call must not make the hour unreadable."""
    known, another = ({"user": name, "tags": (f"t={name}",)} for name in ("ann", "bob"))
    await meter.reserve(reservation("a"))
    await meter.settle(settlement("a", spent(1, **known)))
    await redis_client.hset(keys.usage(TENANT, DAY), "12\x1fplaces", 50_000)
    for call, who in (("b", known), ("c", another), ("d", another)):
        await meter.reserve(reservation(call))
        await meter.settle(settlement(call, spent(1, **who)))

    assert await usage(redis_client) == {
        "12/app/ann/m/one//t=ann/calls": 2,
        "12/app/ann/m/one//t=ann/input": 2,
        "12/app/(others)/m/one///calls": 2,
        "12/app/(others)/m/one///input": 2,
    }


@pytest.mark.parametrize("algorithm", [Algorithm.FIXED, Algorithm.SLIDING, Algorithm.BUCKET])
async def test_sums_that_64_bits_do_not_hold_stop_no_settlement(clock, meter, redis_client, algorithm):
    """A script that fails in its middle has booked half, and does so again at each try."""
    told = limit(1_000, 1, unit=Unit.COST, bucket="told", algorithm=algorithm, enforce=False, thresholds=(500,))
    most = 2**53 - 1
    full = 2**63 - most
    field = "12\x1fapp\x1f\x1fm\x1fone\x1f\x1f\x1fcost"
    await redis_client.hset(keys.usage(TENANT, DAY), field, full)
    for number in range(3):
        call = f"c{number}"
        await meter.reserve(reservation(call, told))
        if not number:
            for name, value in (await redis_client.hgetall(keys.limits(TENANT))).items():
                if value == b"1":
                    await redis_client.hset(keys.limits(TENANT), name, full)
        await meter.settle(settlement(call, spent(cost=most, call=call)))

    assert [entry.call for entry in await ledger(redis_client)] == ["c0", "c1", "c2"]
    assert (await usage(redis_client))["12/app//m/one///cost"] >= full
    assert await redis_client.hlen(keys.holds(TENANT)) == 0
