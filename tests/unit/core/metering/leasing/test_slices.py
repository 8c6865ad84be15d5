"""Slices: calls are admitted without asking the store, and in all never more than the limit."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from tests.metered.words import NOON, TENANT, TOKENS, HoldingStore, calls, charge, limit, reservation, settlement, taken
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.charge import NOTHING
from tollwayd.core.metering.limits.limit import Algorithm, Grants, Refusal
from tollwayd.core.metering.meters.leasing.slices import Slices
from tollwayd.core.metering.unit import Unit

LEASED = {"leased": True}
MANY = limit(1_000, **LEASED)
HOUR = 3_600_000


class Store(HoldingStore):
    """A store that counts what it is asked, and can be away."""

    def __init__(self, clock, book) -> None:
        super().__init__(clock, book=book)
        self.asked = []
        self.away = False

    async def reserve(self, reservation):
        self.asked.append(reservation)
        await asyncio.sleep(0)
        if self.away:
            raise TollwayError(Reason.REASON_STORE_UNAVAILABLE)
        return await super().reserve(reservation)


@pytest.fixture
def booked() -> list:
    return []


@pytest.fixture
def store(clock, booked) -> Store:
    return Store(clock, lambda *event: booked.append(event[1]))


@pytest.fixture
def meter(store, clock) -> Slices:
    return Slices(store, lambda: (clock() - NOON) / 1_000)


async def begin(meter: Slices, limits, count: int = 3) -> None:
    """Calls enough for the first slice; each ends."""
    for number in range(count):
        assert isinstance(await meter.reserve(reservation(f"first-{number}", *limits)), Grants)
        await meter.settle(settlement(f"first-{number}"))


async def test_after_the_first_calls_none_waits_for_the_store(meter, store):
    await begin(meter, [MANY])
    store.asked.clear()
    reserving = meter.reserve(reservation("a", MANY))

    with pytest.raises(StopIteration) as done:
        reserving.send(None)
    assert [standing.granted for standing in done.value.value.standings] == [1]
    await asyncio.sleep(0)
    assert [(asked.call, asked.limits) for asked in store.asked] == [("a", ())]


async def test_a_call_now_and_then_asks_for_itself(meter, store, clock):
    for number in range(5):
        await meter.reserve(reservation(str(number), MANY))
        clock.now_ms += 1_000

    assert [asked.call for asked in store.asked] == ["0", "1", "2", "3", "4"]


async def test_slices_that_are_missing_are_asked_for_at_once(meter, store):
    wanted = [replace(MANY, bucket=name) for name in ("one", "two", "three")]
    await meter.reserve(reservation("a", *wanted))
    store.asked.clear()
    asking = asyncio.create_task(meter.reserve(reservation("b", *wanted)))
    for _ in range(2):
        await asyncio.sleep(0)

    assert [limit.bucket for asked in store.asked for limit in asked.limits] == ["one", "two", "three"]
    assert [standing.granted for standing in (await asking).standings] == [1, 1, 1]


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize(
    ("algorithm", "least"), [(Algorithm.FIXED, 1_000), (Algorithm.SLIDING, 1_000), (Algorithm.BUCKET, 900)]
)
async def test_all_workers_together_admit_the_limit_and_no_more(store, clock, workers, algorithm, least):
    wanted = limit(1_000, algorithm=algorithm, window_ms=HOUR, **LEASED)
    meters = [Slices(store, lambda: (clock() - NOON) / 1_000) for _ in range(workers)]

    async def admitted(meter: Slices, name: int) -> int:
        got = 0
        for number in range(1_000):
            got += isinstance(await meter.reserve(reservation(f"{name}-{number}", wanted)), Grants)
        return got

    many = [admitted(meters[name % workers], name) for name in range(4 * workers)]
    assert least <= sum(await asyncio.gather(*many)) <= 1_000


async def test_a_slice_that_is_beyond_the_limit_admits_nobody_whom_that_refuses(meter, store):
    # Calls of the model that a limit downgrades to count in the same bucket, and are never refused by it.
    spared = replace(MANY, enforce=False)
    await begin(meter, [spared], 1)
    await store.reserve(reservation("all the rest", limit(1_000, 999)))
    await begin(meter, [spared])

    assert isinstance(await meter.reserve(reservation("a", MANY)), Refusal)
    assert isinstance(await meter.reserve(reservation("b", spared)), Grants)


async def test_what_is_left_of_an_idle_slice_goes_back(meter, store, clock):
    await begin(meter, [MANY])
    assert (await taken(store, MANY))[0] > 3
    clock.now_ms += 50
    meter._lots.tend()

    assert await taken(store, MANY) == [3]


async def test_what_is_left_goes_back_at_the_end(meter, store):
    async with meter:
        await begin(meter, [MANY])

    assert await taken(store, MANY) == [3]
    assert not [call for _, call in store._holds if call.startswith("slice")]


async def test_slices_are_tended_by_themselves(store):
    meter = Slices(store)
    async with asyncio.timeout(5), meter:
        await begin(meter, [MANY])
        while await taken(store, MANY) != [3]:
            await meter.reserve(reservation("other", calls(1)))


@pytest.mark.parametrize(
    ("wanted", "last"),
    [
        (limit(1_000, window_ms=60_000, **LEASED), NOON + 59_998),
        (limit(1_000, window_ms=HOUR, **LEASED), NOON + 9_998),
        (limit(1_000, window_ms=512_000, algorithm=Algorithm.SLIDING, **LEASED), NOON + 998),
    ],
    ids=["window", "long window", "part of a sliding window"],
)
async def test_a_slice_is_not_used_when_its_time_is_over(meter, store, clock, wanted, last):
    clock.now_ms = last - 1
    if wanted.window_ms == HOUR:
        clock.now_ms = NOON
    await begin(meter, [wanted])
    part = next(iter(meter._lots._lots.values())).slices[0]
    assert part.left((last - 1 - NOON) / 1_000) > 0
    assert part.left((last + 0.5 - NOON) / 1_000) == 0


async def test_tokens_are_settled_to_the_slice_with_what_was_used(meter, store, clock):
    tokens = limit(100_000, 50, **TOKENS, **LEASED)
    await meter.reserve(reservation("a", tokens))
    await meter.reserve(reservation("b", tokens))
    await meter.reserve(reservation("c", tokens))
    clock.now_ms += 50
    meter._lots.tend()  # What the calls will use is not known yet.
    for name in "abc":
        await meter.settle(settlement(name, charge(tokens=7)))
    meter._lots.tend()

    assert await taken(store, tokens) == [21]


async def test_a_call_that_reached_no_provider_gives_its_request_back(meter, store, clock):
    await begin(meter, [MANY])
    await meter.reserve(reservation("a", MANY))
    await meter.settle(settlement("a", NOTHING))
    clock.now_ms += 50
    meter._lots.tend()

    assert await taken(store, MANY) == [3]


@pytest.mark.parametrize("leaves", [False, True])
async def test_a_slice_waits_for_calls_that_another_limit_may_refuse(meter, store, clock, leaves):
    await begin(meter, [MANY])
    asking = asyncio.create_task(meter.reserve(reservation("a", MANY, limit(0, bucket="none"))))
    await asyncio.sleep(0)
    clock.now_ms += 50
    meter._lots.tend()
    if leaves:
        asking.cancel()
    await asyncio.wait([asking])

    meter._lots.tend()
    assert await taken(store, MANY) == [3]


async def test_a_refusal_by_another_limit_gives_back_what_was_taken(meter, store, clock):
    await begin(meter, [MANY])
    refusal = await meter.reserve(reservation("a", MANY, limit(0, bucket="none"), limit(5, bucket="some")))

    assert isinstance(refusal, Refusal)
    assert refusal.refused == [1]
    assert [standing.limit.bucket for standing in refusal.standings] == ["rpm", "none", "some"]
    assert [(standing.granted, standing.taken) for standing in refusal.standings] == [(0, 3), (0, 0), (0, 0)]
    clock.now_ms += 50
    meter._lots.tend()
    assert await taken(store, MANY) == [3]


async def test_each_call_is_held_and_booked_once(meter, store, booked):
    await begin(meter, [MANY], 20)

    assert sorted(booked) == sorted(f"first-{number}" for number in range(20))


async def test_a_call_whose_own_reservation_failed_is_booked_all_the_same(meter, store, booked):
    await begin(meter, [MANY])
    booked.clear()
    store.away = True
    await meter.reserve(reservation("a", MANY))
    for _ in range(2):
        await meter.settle(settlement("a"))

    assert booked == ["a"]


async def test_while_the_store_is_away_those_who_need_it_are_told(meter, store):
    store.away = True
    for name in "ab":
        with pytest.raises(TollwayError) as caught:
            await meter.reserve(reservation(name, MANY))
        assert caught.value.reason == Reason.REASON_STORE_UNAVAILABLE


async def test_a_repeated_reservation_takes_once(meter):
    await begin(meter, [MANY])
    first = await meter.reserve(reservation("a", MANY))

    assert await meter.reserve(reservation("a", MANY)) == first
    assert next(iter(meter._lots._lots.values())).slices[0].running == 1


async def test_a_provider_that_was_left_is_charged_its_request_only(meter, store, clock):
    first = limit(100_000, 50, bucket="one", unit=Unit.INPUT_TOKENS, provider="one", **LEASED)
    second = limit(100_000, 50, bucket="two", unit=Unit.INPUT_TOKENS, provider="two", **LEASED)
    for name in "abc":
        await meter.reserve(reservation(name, first))
        await meter.reserve(reservation(name, second, attempt=1))
    for name in "abc":
        await meter.settle(settlement(name, charge(tokens=7, provider="two")))
    clock.now_ms += 50
    meter._lots.tend()

    assert await taken(store, first, second) == [0, 21]


async def test_a_further_attempt_does_not_take_again_what_the_call_has(meter, store, clock):
    tokens = limit(100_000, 50, **TOKENS, **LEASED)
    for name in "abc":
        await meter.reserve(reservation(name, tokens))
        grants = await meter.reserve(reservation(name, tokens, limit(9, bucket="two"), attempt=1))
        assert [standing.granted for standing in grants.standings] == [50, 1]
    for name in "abc":
        await meter.settle(settlement(name, charge(tokens=7)))
    clock.now_ms += 50
    meter._lots.tend()

    assert await taken(store, tokens) == [21]


async def test_a_slice_in_use_keeps_its_lease(store, clock):
    store._lease_ms = 15_000
    meter = Slices(store, lambda: (clock() - NOON) / 1_000)
    tokens = limit(1_000_000, 50, **TOKENS, **LEASED)
    for name in "abc":
        await meter.reserve(reservation(name, tokens))
    for _ in range(10):
        clock.now_ms += 5_000
        meter._lots.tend()
        store.checkpoint(TENANT, "a", charge())
        store.expire(clock())

    assert [call for _, call in store._holds if call.startswith("slice")]


async def test_limits_that_nobody_uses_are_soon_forgotten(meter, clock):
    # A limit for each user is one for each name that callers think of, and all are looked at fifty times a second.
    await begin(meter, [MANY])
    clock.now_ms += 2_000
    meter._lots.tend()

    assert meter._lots._lots == {}
