"""Any sequence of operations does in Redis what it does in the model: outcomes, listings, loads and the log."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.contract.memory_store import MemoryResourceStore
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state import change_log, loading
from tollwayd.state.connection import connect
from tollwayd.state.resource_store import RedisResourceStore

# Few values of each, so that operations meet: neighbours in the order of names among them.
TENANTS = st.sampled_from(["tenants/a", "tenants/a-", "tenants/a0", "tenants/b"])
KINDS = st.sampled_from(["models", "apiKeys"])
IDS = st.sampled_from(["x", "x-", "y"])
CLAIMS = st.sampled_from(["", "", "p", "q", "p\nr", "q\nr\np"])
PLANS = st.sampled_from(["plans/a", "plans/x"])
RECORDS = st.binary(max_size=8)
NEVER = 10**6

Named = tuple[str, str]
CHILDREN = st.builds(lambda tenant, kind, id_: (kind, f"{tenant}/{kind}/{id_}"), TENANTS, KINDS, IDS)
ROOTS = st.one_of(TENANTS.map(lambda name: ("tenants", name)), PLANS.map(lambda name: ("plans", name)))
NAMED = st.one_of(ROOTS, CHILDREN)


async def outcome(operation):
    """What an operation gives or refuses, as something that can be compared."""
    try:
        return await operation
    except TollwayError as error:
        return Reason.Name(error.reason), dict(error.metadata)


class Machine(RuleBasedStateMachine):
    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.model = MemoryResourceStore()
        self.store = RedisResourceStore(self.url)
        self.runner.run(self.flush())

    async def flush(self) -> None:
        async with connect(self.url) as client:
            await client.flushall()

    def both(self, method: str, *args, **kwargs):
        """Runs an operation on both stores and gives their one outcome."""

        async def run():
            return [await outcome(getattr(store, method)(*args, **kwargs)) for store in (self.store, self.model)]

        real, expected = self.runner.run(run())
        assert real == expected
        return expected

    def version_of(self, name: str, known: bool) -> int:
        resource = self.model._resources.get(name)
        return resource.version if resource and known else NEVER

    @rule(named=NAMED, record=RECORDS, claim=CLAIMS)
    def create(self, named: Named, record: bytes, claim: str) -> None:
        self.both("create", *named, record, claim=claim)

    @rule(named=NAMED)
    def get(self, named: Named) -> None:
        self.both("get", *named)

    @rule(named=NAMED, record=RECORDS, claim=CLAIMS, known=st.booleans())
    def update(self, named: Named, record: bytes, claim: str, known: bool) -> None:
        self.both("update", *named, record, version=self.version_of(named[1], known), claim=claim)

    @rule(named=NAMED, force=st.booleans(), version=st.sampled_from(["any", "known", "wrong"]))
    def delete(self, named: Named, force: bool, version: str) -> None:
        wanted = None if version == "any" else self.version_of(named[1], version == "known")
        self.both("delete", *named, version=wanted, force=force)

    @rule(kind=KINDS, parent=TENANTS, after=st.one_of(st.just(""), CHILDREN.map(lambda named: named[1])))
    def list_children(self, kind: str, parent: str, after: str) -> None:
        after = after if after.startswith(f"{parent}/{kind}/") else ""
        self.both("list", kind, parent, after=after, limit=2)

    @rule(kind=st.sampled_from(["tenants", "plans"]), after=st.one_of(st.just(""), ROOTS.map(lambda named: named[1])))
    def list_roots(self, kind: str, after: str) -> None:
        after = after if after.startswith(f"{kind}/") else ""
        self.both("list", kind, "", after=after, limit=2)

    @invariant()
    def loads_are_equal(self) -> None:
        async def run():
            return [await store.load() for store in (self.store, self.model)]

        (version, resources), (expected, modelled) = self.runner.run(run())
        assert version == expected
        assert sorted(resources, key=lambda r: r.name) == sorted(modelled, key=lambda r: r.name)

    def teardown(self) -> None:
        try:
            self.runner.run(self.logs_are_equal())
        finally:
            self.runner.run(self.store.aclose())
            self.runner.close()

    async def logs_are_equal(self) -> None:
        feed, changes = self.store.changes(0), []
        while len(changes) < len(self.model._log):
            changes += await anext(feed)
        await feed.aclose()
        assert changes == self.model._log


def test_redis_does_what_the_model_does(shared_redis, monkeypatch):
    # Small pages and batches, so that their borders are crossed.
    monkeypatch.setattr(loading, "PAGE", 3)
    monkeypatch.setattr(change_log, "BATCH", 4)
    Machine.url = shared_redis
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
