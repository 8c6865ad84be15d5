"""However calls, time and workers follow each other, slices admit no more than the limit in any stretch of time."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.metering.history import History
from tests.metered.words import NOON, Clock, HoldingStore, charge, limit, reservation, settlement
from tollwayd.core.metering.limits.limit import Algorithm, Grants
from tollwayd.core.metering.meters.leasing.slices import Slices

MOST = 100
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 19, 300, 700, 20_300]),
        st.integers(0, 1),
        st.integers(1, 40),
        st.booleans(),
        st.booleans(),
    ),
    min_size=10,
    max_size=30,
)
"""Milliseconds that pass, which worker has calls then, how many; whether those that run end before, and whether slices
are looked after."""


async def follow(steps, wanted) -> int:
    """How many calls are admitted; the history fails if one of them is too many."""
    clock, history = Clock(), History()
    store = HoldingStore(clock)
    workers = [Slices(store, lambda: (clock() - NOON) / 1_000) for _ in range(2)]
    running: list[tuple[Slices, str]] = []
    for pause, which, count, end, tend in steps:
        clock.now_ms += pause
        for worker in workers if tend else ():
            worker._lots.tend()
        while end and running:
            worker, name = running.pop()
            await worker.settle(settlement(name, charge(requests=len(running) % 2)))
            history.charge(name, charge(requests=len(running) % 2))
        for number in range(count):
            name = f"{len(history.calls)}-{number}"
            answer = await workers[which].reserve(reservation(name, wanted))
            if isinstance(answer, Grants):
                history.admit(name, 0, clock(), [(wanted, 1)])
                running.append((workers[which], name))
    return len(history.calls)


@pytest.mark.parametrize(
    ("algorithm", "window_ms"),
    [(Algorithm.FIXED, 1_000), (Algorithm.SLIDING, 20_480), (Algorithm.BUCKET, 2_000)],
)
def test_never_above(algorithm, window_ms):
    admitted = []

    @settings(max_examples=20, deadline=None)
    @given(STEPS)
    def check(steps):
        wanted = limit(MOST, algorithm=algorithm, window_ms=window_ms, leased=True)
        admitted.append(asyncio.run(follow(steps, wanted)))

    check()
    assert max(admitted) >= MOST
