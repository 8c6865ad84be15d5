"""The meter in memory: all limits or none, and what calls give back."""

from __future__ import annotations

import pytest

from tests.metered.words import TENANT, TOKENS, calls, charge, limit, reservation, settlement, taken
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.charge import NOTHING
from tollwayd.core.metering.limits.limit import Grants, Refusal
from tollwayd.core.metering.meters import local
from tollwayd.core.metering.meters.local import LocalMeter
from tollwayd.core.metering.unit import Unit


async def test_a_call_takes_from_all_of_its_limits_or_from_none(meter):
    wide, narrow = limit(10, bucket="wide"), limit(1, bucket="narrow")

    assert isinstance(await meter.reserve(reservation("a", wide, narrow)), Grants)
    refusal = await meter.reserve(reservation("b", wide, narrow))

    assert isinstance(refusal, Refusal)
    assert refusal.refused == [1]
    assert [(standing.taken, standing.granted, standing.exceeded) for standing in refusal.standings] == [
        (1, 0, False),
        (1, 0, True),
    ]
    assert await taken(meter, wide, narrow) == [1, 1]


async def test_where_less_is_left_a_call_gets_what_is_left(meter):
    await meter.reserve(reservation("a", limit(100, 70, **TOKENS)))
    grants = await meter.reserve(reservation("b", limit(100, 70, least=10, **TOKENS)))

    assert [standing.granted for standing in grants.standings] == [30]
    assert isinstance(await meter.reserve(reservation("c", limit(100, 70, least=10, **TOKENS))), Refusal)


async def test_a_limit_that_only_observes_tells_and_does_not_refuse(meter):
    observed = limit(1, 2, enforce=False)
    grants = await meter.reserve(reservation("a", observed))

    assert [(s.granted, s.taken, s.exceeded) for s in grants.standings] == [(2, 2, True)]


async def test_a_dry_reservation_takes_nothing_and_holds_nothing(meter):
    one = limit(1)
    assert isinstance(await meter.reserve(reservation("a", one, dry=True)), Grants)

    assert await taken(meter, one) == [0]
    await meter.settle(settlement("a"))
    assert await taken(meter, one) == [0]


async def test_a_repeated_reservation_takes_once_and_answers_the_same(meter):
    one = limit(1)
    first = await meter.reserve(reservation("a", one))

    assert await meter.reserve(reservation("a", one)) == first


async def test_settling_gives_back_what_was_not_used_once(meter):
    tokens, at_once = limit(100, 80, **TOKENS), calls(2)
    await meter.reserve(reservation("a", tokens, at_once))
    assert await taken(meter, tokens, at_once) == [80, 1]

    await meter.settle(settlement("a", charge(tokens=25)))
    await meter.settle(settlement("a", charge(tokens=25)))
    assert await taken(meter, tokens, at_once) == [25, 0]


async def test_what_was_used_beyond_the_reservation_counts_too(meter):
    tokens = limit(100, 80, **TOKENS)
    await meter.reserve(reservation("a", tokens))
    await meter.settle(settlement("a", charge(tokens=130)))

    assert await taken(meter, tokens) == [130]


async def test_a_call_that_reached_no_provider_costs_nothing(meter):
    requests = limit(5)
    await meter.reserve(reservation("a", requests))
    await meter.settle(settlement("a", NOTHING))

    assert await taken(meter, requests) == [0]


async def test_another_attempt_adds_limits_and_a_provider_that_was_left_is_charged_its_request_only(meter):
    everywhere = limit(100, 60, **TOKENS)
    first = [limit(100, 60, bucket="p1", unit=Unit.INPUT_TOKENS, provider="one"), limit(9, bucket="r1", provider="one")]
    second = [limit(100, 60, bucket="p2", unit=Unit.INPUT_TOKENS, provider="two")]
    await meter.reserve(reservation("a", everywhere, *first))
    await meter.reserve(reservation("a", *second, attempt=1))
    assert await taken(meter, everywhere, *first, *second) == [60, 60, 1, 60]

    await meter.settle(settlement("a", charge(tokens=40, provider="two")))
    assert await taken(meter, everywhere, *first, *second) == [40, 0, 1, 40]


async def test_a_refused_attempt_leaves_the_call_what_it_has(meter):
    first, second = calls(1, bucket="one"), calls(0, bucket="two")
    await meter.reserve(reservation("a", first))

    assert isinstance(await meter.reserve(reservation("a", second, attempt=1)), Refusal)
    assert await taken(meter, first, second) == [1, 0]


@pytest.mark.parametrize("replicas", [2, 3, 11])
async def test_each_replica_admits_its_fair_share(clock, replicas):
    meter = LocalMeter(clock, replicas=lambda: replicas)
    admitted = [await meter.reserve(reservation(str(number), limit(10))) for number in range(10)]

    assert sum(isinstance(answer, Grants) for answer in admitted) == 10 // replicas


async def test_a_lease_that_ends_charges_what_was_noted_last(clock):
    booked = []
    meter = LocalMeter(clock, lease_ms=15_000, book=lambda *event: booked.append(event))
    tokens, at_once = limit(100, 80, **TOKENS), calls(1)
    await meter.reserve(reservation("a", tokens, at_once))
    clock.now_ms += 14_999
    meter.checkpoint(TENANT, "a", charge(tokens=33))
    clock.now_ms += 14_999
    assert await taken(meter, tokens, at_once) == [80, 1]

    clock.now_ms += 1
    assert await taken(meter, tokens, at_once) == [33, 0]
    assert booked == [(TENANT, "a", charge(tokens=33), None)]


async def test_a_settlement_after_the_lease_corrects_what_was_booked_once(clock):
    booked = []
    meter = LocalMeter(clock, lease_ms=15_000, book=lambda *event: booked.append(event))
    lost = charge(tokens=33)
    tokens = limit(100, 80, **TOKENS)
    await meter.reserve(reservation("a", tokens, if_lost=lost))
    clock.now_ms += 15_000
    meter.expire(clock())
    await meter.settle(settlement("a", charge(tokens=50)))
    await meter.settle(settlement("a", charge(tokens=50)))

    assert await taken(meter, tokens) == [50]
    assert booked == [(TENANT, "a", lost, None), (TENANT, "a", charge(tokens=50), lost)]


async def test_a_call_that_was_booked_as_lost_reserves_no_more(clock):
    meter = LocalMeter(clock, lease_ms=15_000)
    await meter.reserve(reservation("a", limit(9)))
    clock.now_ms += 15_000

    with pytest.raises(TollwayError) as caught:
        await meter.reserve(reservation("a", limit(9, bucket="two"), attempt=1))
    assert caught.value.reason == Reason.REASON_STORE_UNAVAILABLE


async def test_a_call_without_a_hold_is_counted_and_booked_once(clock):
    booked = []
    meter = LocalMeter(clock, book=lambda *event: booked.append(event))
    tokens = limit(100, 80, **TOKENS)
    for _ in range(2):
        await meter.settle(settlement("a", charge(tokens=25), [tokens]))

    assert await taken(meter, tokens) == [25]
    assert len(booked) == 1


async def test_a_refusal_tells_when_to_come_back(clock, meter):
    await meter.reserve(reservation("a", limit(1), limit(1, bucket="hour", window_ms=3_600_000)))
    clock.now_ms += 10_000

    once = await meter.reserve(reservation("b", limit(1)))
    both = await meter.reserve(reservation("b", limit(1), limit(1, bucket="hour", window_ms=3_600_000)))
    never = await meter.reserve(reservation("b", limit(1), limit(1, 2, bucket="never")))
    at_once = await meter.reserve(reservation("b", limit(1), calls(0)))
    assert [answer.retry_after_ms for answer in (once, both, never, at_once)] == [50_000, 3_590_000, None, None]


async def test_counts_that_nothing_is_taken_of_are_forgotten(clock, meter, monkeypatch):
    monkeypatch.setattr(local, "MOST_COUNTS", 2_000)
    for number in range(10_000):
        clock.now_ms += 60
        assert isinstance(await meter.reserve(reservation(str(number), limit(1, bucket=f"user|{number}"))), Grants)
        await meter.settle(settlement(str(number)))

    assert len(meter._counts) <= 2_000


async def test_more_counts_in_use_than_there_is_room_for_are_refused(meter, monkeypatch):
    monkeypatch.setattr(local, "MOST_COUNTS", 50)
    monkeypatch.setattr(meter, "_sweep_at", 50)
    for number in range(50):
        await meter.reserve(reservation(str(number), limit(1, bucket=f"user|{number}")))

    with pytest.raises(TollwayError) as caught:
        await meter.reserve(reservation("more", limit(1, bucket="user|more")))
    assert caught.value.reason == Reason.REASON_LIMITS_UNAVAILABLE


async def test_tenants_do_not_share_counts(meter):
    await meter.reserve(reservation("a", limit(1)))
    other = reservation("a", limit(1))

    assert isinstance(await meter.reserve(type(other)("tenants/other", "a", other.limits, other.if_lost)), Grants)
