"""Each algorithm, by a clock that the test moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.metered.words import NOON, TOKENS, charge, limit, reservation, settlement, taken
from tollwayd.core.metering.limits.algorithms.bucket import Bucket
from tollwayd.core.metering.limits.algorithms.sliding import SLOTS, Sliding
from tollwayd.core.metering.limits.limit import Algorithm, Grants

MINUTE = 60_000
STEPS = st.lists(st.tuples(st.integers(0, 700), st.integers(0, 6), st.integers(0, 6)), max_size=80)
"""Milliseconds that pass, what is wanted then, and what of it is given back at once."""


class Days:
    """Days of UTC."""

    def around(self, now_ms: int) -> tuple[int, int]:
        start = now_ms - now_ms % 86_400_000
        return start, start + 86_400_000


async def test_a_fixed_window_begins_anew_at_its_end(clock, meter):
    minute = limit(1)
    grants = await meter.reserve(reservation("a", minute))
    assert grants.standings[0].reset_ms == MINUTE
    clock.now_ms += MINUTE - 1
    assert await taken(meter, minute) == [1]
    clock.now_ms += 1
    assert await taken(meter, minute) == [0]


async def test_what_was_taken_of_an_earlier_window_is_settled_there(clock, meter):
    minute = limit(100, 80, **TOKENS)
    await meter.reserve(reservation("a", minute))
    clock.now_ms += MINUTE
    await meter.reserve(reservation("b", minute))
    await meter.settle(settlement("a", charge(tokens=10)))

    assert await taken(meter, minute) == [80]


async def test_a_calendar_window_is_where_the_calendar_says(clock, meter):
    day = limit(1, algorithm=Algorithm.CALENDAR, window_ms=0, calendar=Days())
    grants = await meter.reserve(reservation("a", day))
    assert grants.standings[0].reset_ms == 12 * 60 * MINUTE
    clock.now_ms += 12 * 60 * MINUTE
    assert await taken(meter, day) == [0]


async def test_a_sliding_window_forgets_each_call_when_it_is_old_enough(clock, meter):
    minute = limit(3, algorithm=Algorithm.SLIDING)
    for name in "abc":
        await meter.reserve(reservation(name, minute))
        clock.now_ms += 10_000
    refusal = await meter.reserve(reservation("d", minute))

    part = -(-MINUTE // SLOTS)
    assert MINUTE - 30_000 < refusal.retry_after_ms <= MINUTE - 30_000 + part
    clock.now_ms += refusal.retry_after_ms - 1
    assert await taken(meter, minute) == [3]
    clock.now_ms += 1
    assert isinstance(await meter.reserve(reservation("d", minute)), Grants)


async def test_a_sliding_window_settles_where_it_was_taken(clock, meter):
    minute = limit(100, 80, algorithm=Algorithm.SLIDING, **TOKENS)
    await meter.reserve(reservation("a", minute))
    clock.now_ms += 30_000
    await meter.settle(settlement("a", charge(tokens=90)))
    assert await taken(meter, minute) == [90]
    clock.now_ms += 30_000 + -(-MINUTE // SLOTS)
    assert await taken(meter, minute) == [0]


@given(most=st.integers(1, 9), window=st.integers(1_000, 3_000), steps=STEPS)
def test_in_no_stretch_of_a_sliding_window_is_more_than_the_limit(most, window, steps):
    count, now, kept = Sliding(), NOON, []
    wanted = limit(most, window_ms=window, algorithm=Algorithm.SLIDING)
    for pause, amount, back in steps:
        now += pause
        if count.taken(wanted, now) + amount <= most:
            place = count.take(wanted, now, amount)
            used = max(0, amount - back)
            count.settle(wanted, now, place, amount, used)
            kept.append((now, used))
    for end, _ in kept:
        assert sum(amount for at, amount in kept if end - window < at <= end) <= most


@given(most=st.integers(1, 9), burst=st.integers(1, 9), window=st.integers(1_000, 3_000), steps=STEPS)
def test_no_stretch_of_a_bucket_gives_more_than_it_held_and_what_flowed_in(most, burst, window, steps):
    count, now, kept, running = Bucket(), NOON, [], []
    wanted = limit(most, burst=burst, window_ms=window, algorithm=Algorithm.BUCKET)
    for pause, amount, back in steps:
        now += pause
        if len(running) > back:
            place, held, used = running.pop(back)
            count.settle(wanted, now, place, held, used)
        if count.taken(wanted, now) + amount <= burst:
            used = max(0, amount - back)
            running.append((count.take(wanted, now, amount), amount, used))
            kept.append((now, used))
    for first, (start, _) in enumerate(kept):
        for end in range(first, len(kept)):
            total = sum(amount for _, amount in kept[first : end + 1])
            assert total * window < (burst + 1) * window + (kept[end][0] - start) * most


async def test_looking_often_at_a_bucket_loses_nothing_to_rounding(clock, meter):
    bucket = limit(7, 7, algorithm=Algorithm.BUCKET)
    await meter.reserve(reservation("a", bucket))
    for _ in range(MINUTE // 100):
        clock.now_ms += 100
        level = await taken(meter, bucket)

    assert level == [0]


@pytest.mark.parametrize(("later", "level"), [(0, 0), (30_000, 0), (45_000, 15)])
async def test_a_bucket_takes_back_only_what_has_not_flowed_in_already(clock, meter, later, level):
    bucket = limit(60, 60, algorithm=Algorithm.BUCKET, **TOKENS)
    await meter.reserve(reservation("a", bucket))
    clock.now_ms += later
    await meter.reserve(reservation("b", limit(60, 15, algorithm=Algorithm.BUCKET, **TOKENS))) if later == 45_000 else 0
    await meter.settle(settlement("a", charge(tokens=0)))

    assert await taken(meter, bucket) == [level]


async def test_a_bucket_tells_when_it_is_full_again(clock, meter):
    bucket = limit(60, 20, burst=30, algorithm=Algorithm.BUCKET)
    grants = await meter.reserve(reservation("a", bucket))
    assert grants.standings[0].reset_ms == 20_000
    refusal = await meter.reserve(reservation("b", bucket))
    assert refusal.retry_after_ms == 10_000
    clock.now_ms += 10_000
    assert isinstance(await meter.reserve(reservation("b", bucket)), Grants)


async def test_a_bucket_that_hardly_fills_tells_a_time_that_a_date_can_hold(meter):
    hardly = limit(1, 10**12, burst=10**12, algorithm=Algorithm.BUCKET, window_ms=86_400_000)
    grants = await meter.reserve(reservation("a", hardly))
    refusal = await meter.reserve(reservation("b", hardly))

    assert grants.standings[0].reset_ms == refusal.retry_after_ms == 36_600 * 86_400_000
