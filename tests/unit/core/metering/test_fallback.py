"""While the store is away, each limit is judged as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.metered.words import TENANT, TOKENS, calls, charge, limit, reservation, settlement, taken
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.limits.limit import Grants, Refusal, StoreError
from tollwayd.core.metering.meters.fallback import Fallback
from tollwayd.core.metering.meters.local import LocalMeter
from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from tollwayd.core.metering.limits.limit import Reservation

LOCAL = {"store_error": StoreError.LOCAL}
ALLOW = {"store_error": StoreError.ALLOW}


class Store(LocalMeter):
    """A shared meter that can be away; what is settled meanwhile it has when it is back, as the spool sees to."""

    away = False
    lose_reply = False

    async def reserve(self, reservation: Reservation) -> Grants | Refusal:
        if self.away and not self.lose_reply:
            raise TollwayError(Reason.REASON_STORE_UNAVAILABLE)
        answer = await super().reserve(reservation)
        if self.away:
            raise TollwayError(Reason.REASON_STORE_UNAVAILABLE)
        return answer


@pytest.fixture
def booked() -> list:
    return []


@pytest.fixture
def store(clock, booked) -> Store:
    return Store(clock, lease_ms=15_000, book=lambda *event: booked.append(event))


@pytest.fixture
def meter(clock, store) -> Fallback:
    return Fallback(store, LocalMeter(clock, replicas=lambda: 2))


async def test_while_the_store_is_there_it_judges(meter, store):
    one = limit(1, **LOCAL)
    assert isinstance(await meter.reserve(reservation("a", one)), Grants)
    assert isinstance(await meter.reserve(reservation("b", one)), Refusal)
    meter.settle(settlement("a"))
    assert await taken(store, one) == [1]


async def test_a_limit_that_says_deny_refuses_all(meter, store):
    store.away = True
    with pytest.raises(TollwayError) as caught:
        await meter.reserve(reservation("a", limit(10, **LOCAL), limit(10, bucket="budget")))

    assert caught.value.reason == Reason.REASON_LIMITS_UNAVAILABLE
    assert caught.value.metadata == {"policy": "budget"}


async def test_a_limit_that_only_observes_denies_nobody(meter, store):
    store.away = True
    assert isinstance(await meter.reserve(reservation("a", limit(0, enforce=False))), Grants)


async def test_another_error_of_the_store_is_passed_on(meter, store, monkeypatch):
    async def broken(reservation):
        raise TollwayError(Reason.REASON_INTERNAL)

    monkeypatch.setattr(store, "reserve", broken)
    with pytest.raises(TollwayError) as caught:
        await meter.reserve(reservation("a", limit(1, **ALLOW)))
    assert caught.value.reason == Reason.REASON_INTERNAL


async def test_a_limit_that_says_local_admits_the_fair_share(meter, store):
    store.away = True
    free, shared = limit(1, bucket="free", **ALLOW), limit(4, **LOCAL)
    answers = [await meter.reserve(reservation(name, free, shared)) for name in "abc"]

    assert [type(answer) for answer in answers] == [Grants, Grants, Refusal]
    assert answers[2].refused == [1]
    assert [standing.limit.bucket for standing in answers[2].standings] == ["free", "rpm"]


async def test_what_is_given_back_can_be_had_again(meter, store):
    store.away = True
    for name in "abcdef":
        assert isinstance(await meter.reserve(reservation(name, calls(2, **LOCAL))), Grants)
        meter.settle(settlement(name))


async def test_what_was_let_through_counts_and_is_booked_once_when_the_store_is_back(meter, store, booked):
    free, shared = limit(9, bucket="free", **ALLOW), limit(100, 50, **TOKENS, **LOCAL)
    store.away = True
    await meter.reserve(reservation("a", free, shared))
    await meter.reserve(reservation("a", free, shared))
    store.away = False
    for _ in range(2):
        meter.settle(settlement("a", charge(tokens=7)))

    assert await taken(store, free, shared) == [1, 7]
    assert booked == [(TENANT, "a", charge(tokens=7), None)]


async def test_a_call_without_limits_is_let_through_and_booked(meter, store, booked):
    store.away = True
    await meter.reserve(reservation("a"))
    meter.settle(settlement("a"))

    assert booked == [(TENANT, "a", charge(), None)]


async def test_an_attempt_while_the_store_is_away_adds_to_what_was_reserved_there(meter, store, booked):
    first, second = limit(9, bucket="one", provider="one"), limit(9, bucket="two", provider="two", **ALLOW)
    await meter.reserve(reservation("a", first))
    store.away = True
    await meter.reserve(reservation("a", second, attempt=1))
    meter.settle(settlement("a", charge(provider="two")))
    store.away = False

    assert await taken(store, first, second) == [1, 1]
    assert len(booked) == 1


@pytest.mark.parametrize("late", [False, True], ids=["in time", "after its lease"])
async def test_a_call_whose_reservation_got_no_reply_counts_once(meter, store, clock, booked, late):
    tokens = limit(100, 50, **TOKENS, **ALLOW)
    store.away = store.lose_reply = True
    await meter.reserve(reservation("a", tokens, if_lost=charge(tokens=7)))
    clock.now_ms += 15_000 * late
    store.expire(clock())
    meter.settle(settlement("a", charge(tokens=7)))
    store.away = False

    assert await taken(store, tokens) == [7]
    assert len(booked) == 1 + late


async def test_a_provider_that_was_left_while_the_store_is_away_is_charged_its_request_only(meter, store):
    requests = limit(9, bucket="r1", provider="one", **ALLOW)
    tokens = [limit(9, bucket=name, unit=Unit.INPUT_TOKENS, provider=name, **ALLOW) for name in ("one", "two")]
    store.away = True
    await meter.reserve(reservation("a", requests, tokens[0]))
    await meter.reserve(reservation("a", tokens[1], attempt=1))
    meter.settle(settlement("a", charge(tokens=7, provider="two")))
    store.away = False

    assert await taken(store, requests, *tokens) == [1, 0, 7]


async def test_a_dry_reservation_leaves_nothing(meter, store):
    store.away = True
    await meter.reserve(reservation("a", limit(9, **LOCAL), dry=True))

    assert meter._unreserved == {}


async def test_checkpoints_reach_the_store(meter, store, clock, booked):
    await meter.reserve(reservation("a"))
    meter.checkpoint(TENANT, "a", charge(tokens=3))
    clock.now_ms += 15_000
    store.expire(clock())

    assert booked == [(TENANT, "a", charge(tokens=3), None)]
