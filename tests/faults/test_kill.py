"""kill -9 of gateways at every point of a call's life, and of Redis: nothing is lost, nothing is booked twice.

`TESTS_KILL_ROUNDS` is how many gateways are killed, 20 where TESTS_FAULTS asks for all proofs at full length, and Redis
servers a quarter as often.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter

import pytest_asyncio

from tests.faults.fleet import DOLLARS_A_MILLION, SCRIPT, Books, Fleet
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.mock import MockProvider
from tollwayd.state.metering.commands import LEASE_MS

ROUNDS = int(os.environ.get("TESTS_KILL_ROUNDS", "20" if os.environ.get("TESTS_FAULTS") else "4"))
REDIS_ROUNDS = max(1, ROUNDS // 4)

# Before and after each step that a crash could leave half done; the count lets some calls through first.
POINTS = (
    "meter.reserving=kill@40",
    "meter.reserved=kill@40",
    "upstream.asking=kill@40",
    "upstream.answered=kill@40",
    "upstream.streaming=kill@90",
    "meter.settling=kill@40",
    "meter.settled=kill@40",
)
# The same while Redis is away and comes back.
AWAY_POINTS = ("spool.booked=kill@2", "spool.written=kill@1", "spool.writing=kill@1")


@pytest_asyncio.fixture
async def fleet(own_redis, tmp_path):
    async with MockProvider(SCRIPT) as provider:
        yield Fleet(own_redis, provider, tmp_path / "gateways")


async def started(gateway) -> None:
    await asyncio.to_thread(gateway.start)


async def ended(gateway) -> None:
    assert await asyncio.to_thread(gateway.process.wait, 60) == -signal.SIGKILL
    await asyncio.to_thread(gateway.stop)


async def test_gateways_and_redis_are_killed_and_the_books_are_right(fleet, capsys):
    first = fleet.gateway()
    await started(first)
    fleet.set_up(first)
    await asyncio.to_thread(first.stop)
    for round_ in range(ROUNDS):
        await kill_a_gateway(fleet, POINTS[round_ % len(POINTS)])
    for round_ in range(REDIS_ROUNDS):
        await kill_a_gateway_alone(fleet, AWAY_POINTS[round_ % len(AWAY_POINTS)])
    survivor = fleet.gateway()
    await started(survivor)
    for _ in range(REDIS_ROUNDS):
        await kill_redis(fleet, survivor)
    await stall_a_gateway(fleet)
    books = await Books.of(fleet)
    await asyncio.to_thread(survivor.stop)

    with capsys.disabled():
        sys.stdout.write(check(fleet, books))


async def kill_a_gateway(fleet: Fleet, failpoint: str) -> None:
    gateway = fleet.gateway(failpoints=failpoint)
    await started(gateway)
    async with fleet.load(gateway):
        await ended(gateway)


async def kill_a_gateway_alone(fleet: Fleet, failpoint: str) -> None:
    """Kills it while Redis is away, with calls under way, or when it is back."""
    gateway = fleet.gateway(failpoints=failpoint)
    await started(gateway)
    async with fleet.load(gateway):
        await fleet.answers(20)
        await fleet.redis.stop()
    await fleet.redis.start()
    await ended(gateway)


async def kill_redis(fleet: Fleet, gateway) -> None:
    """Kills it under load, and goes on until a call has gone well since."""
    async with fleet.load(gateway):
        await fleet.answers(20)
        fleet.kill_redis()
        await fleet.answers(20)


async def stall_a_gateway(fleet: Fleet) -> None:
    """Has one stand still until its calls are booked as lost, and go on then."""
    gateway = fleet.gateway(failpoints=f"meter.settling=sleep:{LEASE_MS / 1000 + 3}@40")
    await started(gateway)
    async with fleet.load(gateway):
        await fleet.answers(60)
    await asyncio.to_thread(gateway.stop)


def check(fleet: Fleet, books: Books) -> str:
    """The figures. An AssertionError tells what is wrong."""
    calls = [entry for entry in books.entries if entry.kind == LedgerEntry.CALL]
    times = Counter(entry.user for entry in calls)
    cost = {user: sum(entry.cost_nanos for entry in books.entries if entry.user == user) for user in times}
    answered = {user for user, call in fleet.calls.items() if call.whole}
    missing = (answered | fleet.asked) - times.keys()
    doubled = {user for user, number in times.items() if number > 1}
    doubled |= {call for call, number in Counter(entry.call for entry in calls).items() if number > 1}
    wrong = {user for user, call in fleet.calls.items() if call.cost is not None and call.cost != cost.get(user)}
    spent = sum(entry.cost_nanos for entry in books.entries)
    tokens = sum(entry.input_tokens + entry.output_tokens for entry in books.entries)
    lost = sum(entry.outcome == LedgerEntry.LOST for entry in calls)
    corrected = len(books.entries) - len(calls)

    assert not missing
    assert not doubled
    assert not wrong
    assert corrected
    assert times.keys() <= fleet.calls.keys()
    assert all(entry.cost_nanos == price(entry) for entry in books.entries)
    assert books.counters == {"cost": spent, "total-tokens": tokens, "requests": len(calls)}
    assert (books.sums["cost"], books.sums["calls"]) == (spent, len(calls))
    killed = f"{ROUNDS + REDIS_ROUNDS} gateways and {REDIS_ROUNDS} Redis servers killed"
    seen = f"{len(fleet.calls)} calls, {len(answered)} answered"
    found = (
        f"{len(calls)} booked, {lost} as lost, {corrected} corrected, missing {len(missing)}, doubled {len(doubled)}"
    )
    return f"\n{killed}: {seen}; {found}; ledger {spent} = counters {books.counters['cost']} nano-dollars\n"


def price(entry: LedgerEntry) -> int:
    return 1000 * (DOLLARS_A_MILLION["input"] * entry.input_tokens + DOLLARS_A_MILLION["output"] * entry.output_tokens)
