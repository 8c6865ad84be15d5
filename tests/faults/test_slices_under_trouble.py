"""Calls at three workers with slices, in random histories: they leave while they wait, turn to other targets and end
unheard, while the store forgets its scripts and the way to it loses replies or is cut. In the end each call that was
admitted is booked once with what it used, every limit counts what was booked and no more than it allows, and nothing is
held.

A history is random by its seed, though never the same twice: what comes first is also up to the machine.
`make test-faults` tries more and longer ones.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections import Counter
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlparse

import pytest

from tests.faults.proxy import Proxy, SwallowReply
from tests.metered.over_redis import ledger, spent
from tests.metered.words import TENANT, TOKENS, calls, limit, reservation, settlement, taken
from tollwayd.core.errors import TollwayError
from tollwayd.core.metering.limits.limit import Grants, Refusal
from tollwayd.core.metering.meters.leasing.slices import Slices
from tollwayd.state.metering import keys
from tollwayd.state.metering.meter import RedisMeter

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from tollwayd.core.metering.limits.limit import Limit

LONG = os.environ.get("TESTS_FAULTS") == "1"
SEEDS, ROUNDS = (12, 16) if LONG else (3, 4)
CALLS = 100  # In a round.
WORKERS = 3
SOON = 30  # Seconds: far more than a history takes.
SPREAD = 0.1  # Seconds in which the calls of a round begin.
LOST = 8  # Replies, in a round of which some are lost.
LONGEST_CUT = 0.2  # Seconds. The store is given up after less, and what goes on without it fails at once.
MOST_TOKENS = 30  # Of a call.

LONG_WINDOW = {"window_ms": 366 * keys.MS_A_DAY}
IN_FLIGHT = calls(8)
LIMITS = [  # Those of requests and tokens are reached in the last rounds.
    limit(40 * ROUNDS, bucket="leased", leased=True, **LONG_WINDOW),
    limit(600 * ROUNDS, MOST_TOKENS, leased=True, **TOKENS | LONG_WINDOW),
    limit(40 * ROUNDS, bucket="plain", **LONG_WINDOW),
    IN_FLIGHT,
]
TARGET = limit(10 * ROUNDS, bucket="target", leased=True, provider="one", **LONG_WINDOW)
EVERY = [*LIMITS, TARGET]


class Crowd:
    """Calls at workers, and what is to be booked of them: the tokens by call, and the amounts by bucket.

    `ends` counts how the reservations of calls ended. `unsure` counts those of further targets that failed: the store
    may have them all the same, and then counts a request of theirs. `most` is how many calls there were at once that
    the limit of calls in flight had let through.
    """

    def __init__(self, workers: list[Slices], rng: random.Random) -> None:
        self.tokens: dict[str, int] = {}
        self.amounts = Counter({limit.bucket: 0 for limit in EVERY})
        self.ends: Counter[str] = Counter()
        self.unsure = self.in_flight = self.most = 0
        self._workers = workers
        self._random = rng

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    async def pause(self, seconds: float) -> None:
        """Lets up to so many seconds pass."""
        await asyncio.sleep(self._random.uniform(0, seconds))

    async def call(self, name: str) -> None:
        worker, limits = self._random.choice(self._workers), [limit for limit in LIMITS if self.chance(0.7)]
        await self.pause(SPREAD)
        end = await self.end_of(asyncio.ensure_future(worker.reserve(reservation(name, *limits))))
        self.ends[end] += 1
        if end == "Grants":
            self.in_flight += IN_FLIGHT in limits
            self.most = max(self.most, self.in_flight)
            await self.run(worker, name, limits)

    async def end_of(self, reserving: asyncio.Future[Grants | Refusal]) -> str:
        if self.chance(0.25):
            await self.leave(reserving)
        await asyncio.wait([reserving])
        if reserving.cancelled():
            return "left"
        if error := reserving.exception():
            assert isinstance(error, TollwayError)
            return "failed"
        return type(reserving.result()).__name__

    async def leave(self, waiting: asyncio.Future) -> None:
        """Cancels what waits, at any of the first turns of the loop or later."""
        step = self._random.choice([0, 0.0005])
        for _ in range(self._random.randint(0, 12)):
            await asyncio.sleep(step)
        waiting.cancel()

    async def run(self, worker: Slices, name: str, limits: list[Limit]) -> None:
        if self.chance(0.2) and await self.turns(worker, name):
            limits = [*limits, TARGET]
        if self.chance(0.5):
            await self.pause(0.02)
        if self.chance(0.2):
            worker.checkpoint(TENANT, name, spent(5, call=name))
        self.in_flight -= IN_FLIGHT in limits
        await self.settle(worker, name, limits)

    async def turns(self, worker: Slices, name: str) -> bool:
        """Whether a call gets another target."""
        try:
            return isinstance(await worker.reserve(reservation(name, TARGET, attempt=1)), Grants)
        except TollwayError:
            self.unsure += 1
            return False

    async def settle(self, worker: Slices, name: str, limits: list[Limit]) -> None:
        """Ends a call. It is booked also when nobody waits for that any more."""
        self.tokens[name] = self._random.randint(0, MOST_TOKENS)
        charge = spent(self.tokens[name], call=name)
        for each in limits:
            self.amounts[each.bucket] += charge.amount(each.unit)
        settling = asyncio.ensure_future(worker.settle(settlement(name, charge)))
        if self.chance(0.2):
            settling.cancel()
        await asyncio.wait([settling])


class Trouble:
    """What befalls the store and the way to it."""

    def __init__(self, proxy: Proxy, client: Redis, rng: random.Random) -> None:
        self._proxy = proxy
        self._client = client
        self._random = rng
        kinds = [self.scripts_are_forgotten, self.replies_are_lost, self.a_reply_never_comes, self.the_way_is_cut]
        self._next = itertools.cycle(rng.sample(kinds, len(kinds)))

    async def comes(self) -> None:
        """One of all kinds in turn, at some time while calls begin."""
        await asyncio.sleep(self._random.uniform(0, SPREAD))
        await next(self._next)()

    async def scripts_are_forgotten(self) -> None:
        await self._client.script_flush()

    async def replies_are_lost(self) -> None:
        for _ in range(LOST):
            self._proxy.on_reply = SwallowReply()
            await asyncio.sleep(self._random.uniform(0, SPREAD / LOST))

    async def a_reply_never_comes(self) -> None:
        self._proxy.on_reply = SwallowReply(hold=True)

    async def the_way_is_cut(self) -> None:
        await self._proxy.down()
        await asyncio.sleep(self._random.uniform(0, LONGEST_CUT))
        await self._proxy.up()


async def healed(stores: list[RedisMeter]) -> None:
    """Returns when all reach Redis."""
    for store in stores:
        while True:
            try:
                await store.reserve(reservation("healed", dry=True))
                break
            except TollwayError:
                await asyncio.sleep(0.01)


@pytest.fixture
async def proxy(redis_url):
    async with Proxy(lambda: asyncio.open_unix_connection(urlparse(redis_url).path)) as proxy:
        yield proxy


@pytest.fixture
async def direct(redis_url):
    """A meter whose way is never in trouble."""
    direct = RedisMeter(redis_url)
    yield direct
    await direct.aclose()


async def history(proxy: Proxy, client: Redis, rng: random.Random) -> Crowd:
    """Rounds of calls with one trouble amid each. All that it began has ended when this returns."""
    stores = [RedisMeter(f"redis://127.0.0.1:{proxy.port}") for _ in range(WORKERS)]
    async with AsyncExitStack() as open_ones:
        for store in stores:
            open_ones.push_async_callback(store.aclose)
        crowd = Crowd([await open_ones.enter_async_context(Slices(store)) for store in stores], rng)
        trouble = Trouble(proxy, client, rng)
        async with asyncio.timeout(SOON):
            for number in range(ROUNDS):
                names = [f"call-{number}-{index}" for index in range(CALLS)]
                await asyncio.gather(trouble.comes(), *map(crowd.call, names))
                await healed(stores)
    return crowd


@pytest.mark.parametrize("seed", range(SEEDS), ids="seed-{}".format)
async def test_what_is_admitted_in_trouble_is_booked_once_and_counted(proxy, direct, redis_client, seed):
    async with asyncio.timeout(2 * SOON):
        crowd = await history(proxy, redis_client, random.Random(seed))
    booked = [(entry.call, entry.input_tokens) for entry in await ledger(redis_client)]
    counts = dict(zip(crowd.amounts, await taken(direct, *EVERY), strict=True))
    unsure = counts["target"] - crowd.amounts["target"]
    print(f"\nseed {seed}: {crowd.ends}, {counts}, most in flight {crowd.most}, unsure {unsure}")  # noqa: T201

    assert not await redis_client.exists(keys.holds(TENANT))
    assert sorted(booked) == sorted(crowd.tokens.items())
    assert 0 <= unsure <= crowd.unsure
    assert counts == {**crowd.amounts, "target": counts["target"]}
    assert all(counts[limit.bucket] <= limit.limit for limit in EVERY)
    assert crowd.most <= IN_FLIGHT.limit
    assert crowd.ends.keys() >= {"Grants", "Refusal", "left"}
