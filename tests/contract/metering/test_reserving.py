"""Reservations: all limits of a call or none, once, by every algorithm; on a real server whose clock the test moves."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from tests.metered.over_redis import spent
from tests.metered.words import NOON, TENANT, TOKENS, calls, charge, limit, reservation, settlement, taken
from tests.running.redis_server import every_kind
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.charge import NOTHING
from tollwayd.core.metering.limits.limit import Algorithm, Grants, Refusal
from tollwayd.core.metering.unit import Unit
from tollwayd.state.metering import keys

pytest_generate_tests = every_kind

MINUTE = 60_000
HALF_A_DAY = 12 * 60 * MINUTE
SLOT = -(-MINUTE // 512)


class Days:
    """Days of UTC."""

    def around(self, now_ms):
        start = now_ms - now_ms % keys.MS_A_DAY
        return start, start + keys.MS_A_DAY


ALGORITHMS = {
    "concurrency": calls(10),
    "fixed": limit(10, bucket="fixed"),
    "calendar": limit(10, bucket="calendar", algorithm=Algorithm.CALENDAR, calendar=Days(), window_ms=0),
    "sliding": limit(10, bucket="sliding", algorithm=Algorithm.SLIDING),
    "bucket": limit(10, bucket="bucket", algorithm=Algorithm.BUCKET),
}


def admitted(answers) -> int:
    return sum(isinstance(answer, Grants) for answer in answers)


@pytest.mark.parametrize("kind", ALGORITHMS)
async def test_of_many_racing_calls_as_many_are_admitted_as_the_limit_says(clock, meter, kind):
    one = ALGORITHMS[kind]
    answers = await asyncio.gather(*(meter.reserve(reservation(f"c{number}", one)) for number in range(40)))

    assert admitted(answers) == 10
    assert await taken(meter, one) == [10]


@pytest.mark.parametrize("kind", ALGORITHMS)
async def test_a_call_that_reached_no_provider_gives_everything_back(clock, meter, redis_client, kind):
    one = ALGORITHMS[kind]
    await meter.reserve(reservation("a", one))
    assert await taken(meter, one) == [1]
    await meter.settle(settlement("a", NOTHING))

    assert await taken(meter, one) == [0]
    assert not await redis_client.exists(keys.holds(TENANT), keys.leases(TENANT), keys.ledger(TENANT))


@pytest.mark.parametrize("kind", set(ALGORITHMS) - {"concurrency"})
async def test_what_is_used_takes_the_place_of_what_was_held(clock, meter, kind):
    one = replace(ALGORITHMS[kind], limit=100, burst=100, amount=80, least=80, unit=Unit.TOTAL_TOKENS)
    await meter.reserve(reservation("less", one))
    await meter.settle(settlement("less", charge(tokens=20)))
    assert await taken(meter, one) == [20]
    await meter.reserve(reservation("more", one))
    await meter.settle(settlement("more", charge(tokens=95)))

    assert await taken(meter, one) == [115]
    assert isinstance(await meter.reserve(reservation("next", replace(one, amount=1, least=1))), Refusal)


@pytest.mark.parametrize("kind", ALGORITHMS)
async def test_a_repeated_reservation_takes_once_and_answers_the_same(clock, meter, kind):
    one = ALGORITHMS[kind]
    first = await meter.reserve(reservation("a", one))

    assert await meter.reserve(reservation("a", one)) == first
    assert await taken(meter, one) == [1]


async def test_several_limits_are_taken_all_or_none(clock, meter):
    everything = [*ALGORITHMS.values(), limit(1, bucket="narrow")]
    assert isinstance(await meter.reserve(reservation("a", *everything)), Grants)
    refusal = await meter.reserve(reservation("b", *everything))

    assert refusal.refused == [5]
    assert [(s.granted, s.taken, s.exceeded) for s in refusal.standings] == [(0, 1, False)] * 5 + [(0, 1, True)]
    assert await taken(meter, *everything) == [1] * 6


async def test_where_less_is_left_a_call_gets_what_is_left(clock, meter):
    await meter.reserve(reservation("a", limit(100, 70, **TOKENS)))
    grants = await meter.reserve(reservation("b", limit(100, 70, least=10, **TOKENS)))

    assert [standing.granted for standing in grants.standings] == [30]
    assert isinstance(await meter.reserve(reservation("c", limit(100, 70, least=1, **TOKENS))), Refusal)
    await meter.settle(settlement("b", charge(tokens=45)))
    assert await taken(meter, limit(100, **TOKENS)) == [115]


async def test_a_limit_that_only_observes_tells_and_does_not_refuse(clock, meter):
    grants = await meter.reserve(reservation("a", limit(1, 2, enforce=False), limit(5, bucket="other")))

    assert [(s.granted, s.taken, s.exceeded) for s in grants.standings] == [(2, 2, True), (1, 1, False)]


async def test_a_dry_reservation_takes_nothing_and_holds_nothing(clock, meter, redis_client):
    assert isinstance(await meter.reserve(reservation("a", limit(0), dry=True)), Refusal)
    assert isinstance(await meter.reserve(reservation("a", *ALGORITHMS.values(), dry=True)), Grants)

    assert await redis_client.keys() == []


async def test_another_attempt_adds_limits_and_a_provider_that_was_left_is_charged_its_request_only(clock, meter):
    everywhere = limit(100, 60, **TOKENS)
    first = [limit(100, 60, bucket="p1", unit=Unit.INPUT_TOKENS, provider="one"), limit(9, bucket="r1", provider="one")]
    second = [limit(100, 60, bucket="p2", unit=Unit.INPUT_TOKENS, provider="two")]
    await meter.reserve(reservation("a", everywhere, *first))
    assert isinstance(await meter.reserve(reservation("a", calls(0), attempt=1)), Refusal)
    await meter.reserve(reservation("a", everywhere, *second, attempt=1))
    assert await taken(meter, everywhere, *first, *second) == [60, 60, 1, 60]

    await meter.settle(settlement("a", charge(tokens=40, provider="two")))
    assert await taken(meter, everywhere, *first, *second) == [40, 0, 1, 40]


async def test_a_settled_call_cannot_be_extended_as_if_it_ran(clock, meter):
    await meter.settle(settlement("a", spent(1), unreserved=[limit(5)]))
    with pytest.raises(TollwayError) as refused:
        await meter.reserve(reservation("a", limit(5), attempt=1))

    assert refused.value.reason == Reason.REASON_STORE_UNAVAILABLE
    assert await taken(meter, limit(5)) == [1]


async def test_amounts_are_exact_up_to_the_largest_that_there_are(clock, meter):
    most = 9_000_000_000_000_000
    budget = limit(most, most - 1, unit=Unit.COST, algorithm=Algorithm.CALENDAR, calendar=Days())
    for algorithm in (Algorithm.CALENDAR, Algorithm.SLIDING, Algorithm.BUCKET):
        one = replace(budget, algorithm=algorithm, window_ms=MINUTE, bucket=algorithm.name)
        grants = await meter.reserve(reservation(f"{algorithm}", one))
        assert grants.standings[0].taken == most - 1
        await meter.settle(settlement(f"{algorithm}", charge(cost=most - 2)))
        assert await taken(meter, one) == [most - 2]
        assert isinstance(await meter.reserve(reservation(f"{algorithm}b", replace(one, amount=3, least=3))), Refusal)


async def test_what_cannot_be_put_into_words_fails_alone(clock, meter):
    many = limit(1_000)
    beyond = limit(2**70, 2**70)
    one, failed, other = await asyncio.gather(
        *(meter.reserve(reservation(name, wanted)) for name, wanted in zip("abc", (many, beyond, many), strict=True)),
        return_exceptions=True,
    )

    assert isinstance(failed, OverflowError)
    assert isinstance(one, Grants)
    assert isinstance(other, Grants)
    with pytest.raises(OverflowError):
        await meter.reserve(reservation("alone", beyond))
    assert await taken(meter, many) == [2]


async def test_a_fixed_window_begins_anew_at_its_end(clock, meter):
    grants = await meter.reserve(reservation("a", limit(1)))
    assert (grants.now_ms, grants.standings[0].reset_ms) == (NOON, MINUTE)
    clock.now_ms += MINUTE - 1
    refusal = await meter.reserve(reservation("b", limit(1)))
    assert refusal.retry_after_ms == 1
    clock.now_ms += 1

    assert isinstance(await meter.reserve(reservation("b", limit(1))), Grants)


async def test_a_calendar_window_is_that_of_the_servers_clock(clock, meter):
    day = ALGORITHMS["calendar"]
    grants = await meter.reserve(reservation("a", day))
    assert grants.standings[0].reset_ms == HALF_A_DAY
    # This process believes that it is still today.
    clock.now_ms += HALF_A_DAY
    grants = await meter.reserve(reservation("b", day))

    assert [(s.taken, s.reset_ms) for s in grants.standings] == [(1, keys.MS_A_DAY)]
    # And now that it is tomorrow, which it was for a moment only.
    clock.now_ms -= HALF_A_DAY
    grants = await meter.reserve(reservation("c", day))

    assert [(s.taken, s.reset_ms) for s in grants.standings] == [(2, HALF_A_DAY)]


@pytest.mark.parametrize("kind", ["fixed", "calendar", "sliding"])
async def test_what_was_taken_is_settled_where_it_was_taken(clock, meter, kind, monkeypatch):
    monkeypatch.setattr("tollwayd.state.metering.commands.LEASE_MS", keys.MS_A_DAY)
    one = replace(ALGORITHMS[kind], limit=100, amount=80, least=80, unit=Unit.TOTAL_TOKENS)
    await meter.reserve(reservation("a", one))
    clock.now_ms += HALF_A_DAY
    await meter.reserve(reservation("b", one))
    await meter.settle(settlement("a", charge(tokens=10)))

    assert await taken(meter, one) == [80]


async def test_a_sliding_window_forgets_each_call_when_it_is_old_enough(clock, meter):
    minute = limit(3, algorithm=Algorithm.SLIDING)
    for name in "abc":
        await meter.reserve(reservation(name, minute))
        clock.now_ms += 10_000
    refusal = await meter.reserve(reservation("d", minute))
    assert MINUTE - 30_000 < refusal.retry_after_ms <= MINUTE - 30_000 + SLOT
    assert MINUTE - 10_000 < refusal.standings[0].reset_ms <= MINUTE - 10_000 + SLOT
    clock.now_ms += refusal.retry_after_ms - 1
    assert await taken(meter, minute) == [3]
    clock.now_ms += 1

    assert isinstance(await meter.reserve(reservation("d", minute)), Grants)
    assert isinstance(await meter.reserve(reservation("e", minute)), Refusal)


async def test_a_sliding_window_waits_for_as_many_as_are_needed(clock, meter):
    minute = limit(5, algorithm=Algorithm.SLIDING)
    for name in "abcde":
        await meter.reserve(reservation(name, minute))
        clock.now_ms += 1_000
    refusal = await meter.reserve(reservation("f", replace(minute, amount=3, least=3)))
    clock.now_ms += refusal.retry_after_ms - 1
    assert await taken(meter, minute) == [3]
    clock.now_ms += 1

    assert isinstance(await meter.reserve(reservation("f", replace(minute, amount=3, least=3))), Grants)


async def test_a_clock_that_is_put_back_takes_nothing_out_of_a_sliding_window(clock, meter):
    minute = limit(2, algorithm=Algorithm.SLIDING)
    await meter.reserve(reservation("a", minute))
    clock.now_ms -= 30_000
    await meter.reserve(reservation("b", minute))
    clock.now_ms += 30_000 + MINUTE - SLOT
    assert isinstance(await meter.reserve(reservation("c", minute)), Refusal)
    clock.now_ms += 3 * SLOT

    assert await taken(meter, minute) == [0]


async def test_a_bucket_fills_steadily(clock, meter):
    bucket = limit(60, 20, burst=30, algorithm=Algorithm.BUCKET)
    grants = await meter.reserve(reservation("a", bucket))
    assert grants.standings[0].reset_ms == 20_000
    refusal = await meter.reserve(reservation("b", bucket))
    assert refusal.retry_after_ms == 10_000
    clock.now_ms += 9_999
    assert isinstance(await meter.reserve(reservation("b", bucket)), Refusal)
    clock.now_ms += 1

    assert isinstance(await meter.reserve(reservation("b", bucket)), Grants)


async def test_touching_a_bucket_often_loses_nothing_to_rounding(clock, meter, monkeypatch):
    monkeypatch.setattr("tollwayd.state.metering.commands.LEASE_MS", 2 * MINUTE)
    bucket = limit(7, 7, algorithm=Algorithm.BUCKET)
    await meter.reserve(reservation("a", bucket))
    levels = []
    for number in range(120):
        clock.now_ms += 500
        grants = await meter.reserve(reservation(f"c{number}", replace(bucket, amount=0, least=0)))
        levels.append(grants.standings[0].taken)

    assert levels == [7 - (number + 1) * 7 // 120 for number in range(120)]


@pytest.mark.parametrize(("later", "level"), [(0, 0), (30_000, 0), (45_000, 15)])
async def test_a_bucket_takes_back_only_what_has_not_flowed_in_already(clock, meter, later, level, monkeypatch):
    monkeypatch.setattr("tollwayd.state.metering.commands.LEASE_MS", MINUTE)
    bucket = limit(60, 60, algorithm=Algorithm.BUCKET, **TOKENS)
    await meter.reserve(reservation("a", bucket))
    clock.now_ms += later
    if level:
        await meter.reserve(reservation("b", replace(bucket, amount=15, least=15)))
    await meter.settle(settlement("a", charge(tokens=0)))

    assert await taken(meter, bucket) == [level]


async def test_a_bucket_is_not_forgotten_by_the_rate_that_it_had_before(clock, meter):
    before = limit(1_000, 10, bucket="slower", burst=10, algorithm=Algorithm.BUCKET, window_ms=keys.MS_A_DAY)
    slower = replace(before, limit=10)
    for call, one in (("a", before), ("b", slower)):
        assert isinstance(await meter.reserve(reservation(call, one)), Grants)
        await meter.settle(settlement(call, charge(requests=10)))
        clock.now_ms += keys.MS_A_DAY
    clock.now_ms += 2 * 60 * MINUTE - keys.MS_A_DAY
    await meter.reap(TENANT)

    assert isinstance(await meter.reserve(reservation("c", slower)), Refusal)


async def test_a_bucket_that_hardly_leaks_is_full_again_after_a_time_that_can_be_told(clock, meter):
    hardly = limit(1, 10**12, burst=10**12, algorithm=Algorithm.BUCKET, window_ms=keys.MS_A_DAY)
    grants = await meter.reserve(reservation("a", hardly))
    refusal = await meter.reserve(reservation("b", hardly))

    assert grants.standings[0].reset_ms == refusal.retry_after_ms == 36_600 * keys.MS_A_DAY


async def test_nobody_can_tell_when_a_place_is_free_or_too_much_is_left(clock, meter):
    await meter.reserve(reservation("a", limit(1), calls(1)))
    once = await meter.reserve(reservation("b", limit(1)))
    at_once = await meter.reserve(reservation("b", limit(1), calls(1)))
    never = await meter.reserve(reservation("b", limit(1), limit(1, 2, bucket="never")))
    dammed = await meter.reserve(reservation("b", limit(0, 1, bucket="dammed", algorithm=Algorithm.BUCKET)))

    assert [answer.retry_after_ms for answer in (once, at_once, never, dammed)] == [MINUTE, None, None, None]


async def test_what_is_over_is_forgotten(clock, meter, redis_client):
    for number, one in enumerate(ALGORITHMS.values()):
        await meter.reserve(reservation(f"c{number}", replace(one, thresholds=(1,))))
        await meter.settle(settlement(f"c{number}", charge()))
    await meter.settle(settlement("unreserved", charge(), unreserved=[]))
    clock.now_ms += 8 * keys.MS_A_DAY
    await meter.reap(TENANT)

    left = {key.decode() for key in await redis_client.keys()}
    assert left == {keys.ledger(TENANT), keys.events(TENANT), keys.usage(TENANT, NOON // keys.MS_A_DAY)}


async def test_a_call_that_runs_longer_than_its_window_is_kept_leaves_nothing(clock, meter, redis_client, monkeypatch):
    monkeypatch.setattr("tollwayd.state.metering.commands.LEASE_MS", keys.MS_A_DAY)
    rolling = replace(ALGORITHMS["sliding"], thresholds=(1,))
    await meter.reserve(reservation("a", rolling))
    clock.now_ms += HALF_A_DAY
    await meter.reap(TENANT)
    await meter.settle(settlement("a", charge()))
    clock.now_ms += HALF_A_DAY
    await meter.reap(TENANT)

    assert not await redis_client.exists(keys.limits(TENANT))
