"""Any sequence of reservations, settlements, losses and repeats does in Redis what it does in memory.

After every step: no limit was exceeded, by what the test itself has written down; every count stands as in the model;
the holds are those of the running calls; the ledger, the usage and what was charged add up to the same. With
TESTS_FAULTS=1 it goes 5,000 steps.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace

from tests.contract.metering.history import History
from tests.metered.words import Clock, calls, limit
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.errors import TollwayError
from tollwayd.core.metering.charge import NOTHING, Charge, Counts, Dimensions
from tollwayd.core.metering.limits.limit import Algorithm, Grants, Reservation, Settlement
from tollwayd.core.metering.meters.local import LocalMeter
from tollwayd.core.metering.unit import Unit
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys
from tollwayd.state.metering.meter import RedisMeter

if TYPE_CHECKING:
    from tollwayd.core.metering.limits.limit import Limit

FULL = bool(os.environ.get("TESTS_FAULTS"))
EXAMPLES, STEPS = (140, 40) if FULL else (12, 25)

NEVER_MS = 10**9
"""The lease in the model: calls are lost when a rule says so."""


class Shifts:
    """A calendar of windows that begin at no round time."""

    def around(self, now_ms: int) -> tuple[int, int]:
        start = now_ms - (now_ms + 450) % 1_300
        return start, start + 1_300


TOKENS = Unit.INPUT_TOKENS
LIMITS = [
    limit(60, bucket="fixed", unit=TOKENS, window_ms=1_000),
    limit(40, bucket="calendar", unit=Unit.COST, algorithm=Algorithm.CALENDAR, window_ms=0, calendar=Shifts()),
    limit(50, bucket="year", unit=TOKENS, window_ms=366 * keys.MS_A_DAY, thresholds=(10, 25, 40)),
    limit(6, bucket="second", algorithm=Algorithm.SLIDING, window_ms=1_000),
    limit(90, bucket="hour", unit=TOKENS, algorithm=Algorithm.SLIDING, window_ms=3_600_000, thresholds=(50,)),
    limit(35, bucket="quick", unit=TOKENS, algorithm=Algorithm.BUCKET, window_ms=1_000, burst=20),
    limit(70, bucket="slow", unit=TOKENS, algorithm=Algorithm.BUCKET, window_ms=keys.MS_A_DAY, burst=90),
    limit(20, bucket="watched", unit=TOKENS, window_ms=keys.MS_A_DAY, enforce=False),
    calls(4),
]
PROVIDERS = [
    limit(50, bucket=f"{provider}-{unit.name}", unit=unit, window_ms=keys.MS_A_DAY, provider=provider)
    for provider in ("one", "two")
    for unit in (TOKENS, Unit.REQUESTS)
]
EVERY = [replace(one, amount=0, least=0) for one in (*LIMITS, *PROVIDERS)]


def wanted(among: list[Limit]) -> st.SearchStrategy[list[Limit]]:
    """Some of these limits, with what is wanted of each."""

    def ask(one: Limit, amount: int, least: int) -> Limit:
        if one.unit in {Unit.REQUESTS, Unit.CALLS}:
            return replace(one, amount=1, least=1)
        return replace(one, amount=amount, least=min(amount, least))

    asked = st.builds(ask, st.sampled_from(among), st.integers(0, 30), st.integers(0, 30))
    return st.lists(asked, max_size=5, unique_by=lambda one: one.bucket)


def charged(tokens: int, cost: int, provider: str) -> Charge:
    entry = LedgerEntry(kind=LedgerEntry.CALL, input_tokens=tokens, cost_nanos=cost).SerializeToString()
    return Charge(Counts(input=tokens), cost, dimensions=Dimensions(model="m", provider=provider), entry=entry)


CHARGES = st.one_of(
    st.just(NOTHING), st.builds(charged, st.integers(0, 40), st.integers(0, 40), st.sampled_from(["one", "two", ""]))
)
WHICH = st.integers(0, 1_000)

Seen = list[tuple[int, int]]


class Model:
    """The meter in memory, with its clock and what it booked."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.meter = LocalMeter(self.clock, lease_ms=NEVER_MS)

    def reserve(self, reservation: Reservation) -> object:
        with suppress(StopIteration):
            self.meter.reserve(reservation).send(None)
            raise AssertionError("It waits for nothing.")

    def lose(self, tenant: str, name: str) -> None:
        self.meter._holds[tenant, name].ends_ms = 0
        self.meter.expire(self.clock())


async def answer_of(reserving):
    try:
        return await reserving
    except TollwayError as error:
        return error.reason


def comparable(answer) -> object:
    """An answer without its limits, which the model may have as copies."""
    if isinstance(answer, int):
        return answer
    standings = [(one.granted, one.taken, one.reset_ms, one.exceeded) for one in answer.standings]
    refusal = () if isinstance(answer, Grants) else ([*answer.refused], answer.retry_after_ms)
    return type(answer).__name__, answer.now_ms, standings, refusal


class Machine(RuleBasedStateMachine):
    url = ""
    tenants = itertools.count()
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.tenant = f"tenants/t{next(self.tenants)}"
        self.names = (f"call-{number}" for number in itertools.count())
        self.runner = asyncio.Runner()
        self.model = Model()
        self.history = History()
        self.asked: dict[str, list[Reservation]] = {}  # What was granted to each call.
        self.settled: list[Settlement] = []
        self.lost: set[str] = set()
        self.real, self.client = self.runner.run(self.connected())

    async def connected(self):
        return RedisMeter(self.url), connect(self.url)

    # What both are asked.

    def reserve(self, reservation: Reservation):
        """One answer of both."""
        Machine.steps += 1
        real = self.runner.run(answer_of(self.real.reserve(reservation)))
        if not isinstance(real, int):
            self.model.clock.now_ms = real.now_ms
        modelled = self.runner.run(answer_of(self.model.meter.reserve(reservation)))
        assert comparable(real) == comparable(modelled)
        return real

    def do(self, real, modelled) -> None:
        """An effect on both, that Redis has at a moment which it does not tell: at one of those that are possible, all
        counts stand as in the model."""
        Machine.steps += 1
        before = self.now()
        self.runner.run(real())
        after, seen = self.now(), self.look()
        for moment in range(before, after + 1):
            candidate = copy.deepcopy(self.model)
            candidate.clock.now_ms = moment
            modelled(candidate)
            candidate.clock.now_ms = seen.now_ms
            expected = self.runner.run(candidate.meter.reserve(self.dry()))
            if comparable(expected) == comparable(seen):
                self.model = candidate
                return
        assert comparable(seen) == comparable(expected)

    def now(self) -> int:
        seconds, micros = self.runner.run(self.client.time())
        return seconds * 1_000 + micros // 1_000

    def dry(self) -> Reservation:
        return Reservation(self.tenant, "look", EVERY, NOTHING, dry=True)

    def look(self):
        return self.runner.run(self.real.reserve(self.dry()))

    def pick(self, among, which: int):
        return [*among][which % len(among)]

    # What happens.

    @rule(limits=wanted(LIMITS), provider=wanted(PROVIDERS[:2]), if_lost=CHARGES)
    def a_call_begins(self, limits, provider, if_lost) -> None:
        self.ask(Reservation(self.tenant, next(self.names), [*limits, *provider], if_lost))

    @precondition(lambda self: self.history.running)
    @rule(which=WHICH, limits=wanted(PROVIDERS), if_lost=CHARGES)
    def a_call_turns_to_another_provider(self, which, limits, if_lost) -> None:
        name = self.pick(self.history.running, which)
        self.ask(Reservation(self.tenant, name, limits, if_lost, self.history.calls[name].attempt + 1))

    def ask(self, reservation: Reservation) -> None:
        answer = self.reserve(reservation)
        if isinstance(answer, Grants):
            granted = [(one.limit, one.granted) for one in answer.standings]
            self.history.admit(reservation.call, reservation.attempt, answer.now_ms, granted)
            self.asked.setdefault(reservation.call, []).append(reservation)

    @precondition(lambda self: self.history.running)
    @rule(which=WHICH, again=WHICH)
    def a_reservation_is_sent_again(self, which, again) -> None:
        asked = [one for name in self.history.running for one in self.asked[name]]
        if asked:
            assert isinstance(self.reserve(self.pick(asked, which)), Grants)

    @rule(limits=wanted(LIMITS))
    def a_reservation_is_dry(self, limits) -> None:
        self.reserve(Reservation(self.tenant, "dry", limits, NOTHING, dry=True))

    @precondition(lambda self: self.history.running)
    @rule(which=WHICH, charge=CHARGES)
    def a_call_ends(self, which, charge) -> None:
        self.settle(Settlement(self.tenant, self.pick(self.history.running, which), charge))

    @precondition(lambda self: self.lost)
    @rule(which=WHICH, charge=CHARGES)
    def a_lost_call_ends_after_all(self, which, charge) -> None:
        self.settle(Settlement(self.tenant, self.pick(sorted(self.lost), which), charge))

    @rule(limits=wanted(LIMITS), charge=CHARGES)
    def a_call_ends_that_was_let_through(self, limits, charge) -> None:
        name = next(self.names)
        limits = [replace(one, enforce=False) for one in limits]  # Nobody asked whether there was room.
        now = self.now()
        self.history.admit(name, 0, now, [(one, 0) for one in limits])
        self.settle(Settlement(self.tenant, name, charge, limits))

    def settle(self, settlement: Settlement) -> None:
        self.both_settle(settlement)
        self.history.charge(settlement.call, settlement.charge)
        self.lost.discard(settlement.call)
        self.settled.append(settlement)

    def both_settle(self, settlement: Settlement) -> None:
        async def real() -> None:
            await self.real.settle(settlement)

        self.do(real, lambda model: model.meter.settle(settlement))

    @precondition(lambda self: self.settled)
    @rule(which=WHICH)
    def a_settlement_is_sent_again(self, which) -> None:
        self.both_settle(self.pick(self.settled, which))

    @rule(charge=CHARGES)
    def a_call_is_settled_that_nobody_knows(self, charge) -> None:
        self.both_settle(Settlement(self.tenant, "unknown", charge))

    @precondition(lambda self: self.history.calls)
    @rule(which=WHICH, if_lost=CHARGES)
    def a_call_tells_what_it_has_used(self, which, if_lost) -> None:
        name = self.pick(self.history.calls, which)

        async def real() -> None:
            self.real.checkpoint(self.tenant, name, if_lost)
            await self.real.settle(Settlement(self.tenant, "unknown", NOTHING))

        self.do(real, lambda model: model.meter.checkpoint(self.tenant, name, if_lost))

    @precondition(lambda self: self.history.running)
    @rule(which=WHICH)
    def a_call_is_lost(self, which) -> None:
        name = self.pick(self.history.running, which)

        async def real() -> None:
            await self.client.zadd(keys.leases(self.tenant), {name: 1}, xx=True)
            assert await self.real.reap(self.tenant) == 1

        self.history.charge(name, self.model.meter._holds[self.tenant, name].if_lost)
        self.do(real, lambda model: model.lose(self.tenant, name))
        self.lost.add(name)

    # What is always so.

    @invariant()
    def counts_stand_as_in_the_model(self) -> None:
        seen = self.look()
        self.model.clock.now_ms = seen.now_ms
        assert comparable(seen) == comparable(self.runner.run(self.model.meter.reserve(self.dry())))

    @invariant()
    def holds_are_those_of_running_calls(self) -> None:
        async def held():
            return (
                await self.client.hkeys(keys.holds(self.tenant)),
                await self.client.zrange(keys.leases(self.tenant), 0, -1),
            )

        for names in self.runner.run(held()):
            assert sorted(name.decode() for name in names) == sorted(self.history.running)

    @invariant()
    def ledger_and_usage_are_what_was_charged(self) -> None:
        async def sums():
            entries = [
                LedgerEntry.FromString(fields[b"e"]) for _, fields in await self.client.xrange(keys.ledger(self.tenant))
            ]
            usage = {}
            async for key in self.client.scan_iter(keys.usage(self.tenant, 0)[:-1] + "*"):
                usage |= {key + field: int(value) for field, value in (await self.client.hgetall(key)).items()}
            spent = [value for field, value in usage.items() if field.endswith(b"\x1fcost")]
            tokens = [value for field, value in usage.items() if field.endswith(b"\x1finput")]
            return (
                sum(one.cost_nanos for one in entries),
                sum(spent),
                sum(one.input_tokens for one in entries),
                sum(tokens),
            )

        cost, spent, tokens, used = self.runner.run(sums())
        assert cost == spent == self.history.cost
        assert tokens == used

    def teardown(self) -> None:
        try:
            for name in self.history.running:
                self.settle(Settlement(self.tenant, name, NOTHING))
            self.holds_are_those_of_running_calls()
            self.ledger_and_usage_are_what_was_charged()
            assert next(one.taken for one in self.look().standings if one.limit.bucket == "calls") == 0
        finally:
            self.runner.run(self.real.aclose())
            self.runner.run(self.client.aclose())
            self.runner.close()


def test_the_redis_meter_does_what_the_model_does(shared_redis):
    Machine.url = shared_redis
    Machine.steps = 0
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],  # Time passes: a failure cannot be made smaller by doing it again.
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    print(f"\nmeter against model: {Machine.steps} steps, no limit exceeded, nothing doubled, nothing left")  # noqa: T201
