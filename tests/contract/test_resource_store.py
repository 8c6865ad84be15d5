"""What every ResourceStore does: one suite, against the model in memory and against a real Redis."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
import pytest_asyncio

from tests.contract.memory_store import MemoryResourceStore
from tests.running.redis_server import every_kind
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state import change_log, loading

ACME = "tenants/acme"
GPT = f"{ACME}/models/gpt"


pytest_generate_tests = every_kind


@pytest.fixture
def store(redis_kind, request):
    return MemoryResourceStore() if redis_kind == "memory" else request.getfixturevalue("redis_store")


@pytest_asyncio.fixture
async def acme(store):
    return await store.create("tenants", ACME, b"acme")


async def refused(operation) -> tuple[str, dict]:
    with pytest.raises(TollwayError) as caught:
        await operation
    return Reason.Name(caught.value.reason).removeprefix("REASON_"), dict(caught.value.metadata)


async def names(store) -> set[str]:
    return {resource.name for resource in (await store.load())[1]}


async def test_what_is_created_can_be_read(store, acme):
    record = bytes(range(256)) * 3
    created = await store.create("models", GPT, record)
    assert created == await store.get("models", GPT)
    assert (created.name, created.record) == (GPT, record)


async def test_a_record_may_be_empty_or_look_like_a_version(store, acme):
    assert (await store.update("tenants", ACME, b"", version=acme.version)).record == b""
    assert (await store.get("tenants", ACME)).record == b""
    created = await store.create("models", GPT, b"17 18 19")
    assert (await store.get("models", GPT)) == created


async def test_a_name_can_be_used_once(store, acme):
    assert await refused(store.create("tenants", ACME, b"other")) == (
        "RESOURCE_EXISTS",
        {"name": ACME, "conflict": "name"},
    )
    assert (await store.get("tenants", ACME)) == acme


async def test_a_deleted_name_can_be_used_again_under_a_new_version(store, acme):
    await store.delete("tenants", ACME)
    again = await store.create("tenants", ACME, b"acme")
    assert again.version > acme.version
    assert await refused(store.update("tenants", ACME, b"", version=acme.version)) == ("ETAG_MISMATCH", {"name": ACME})


async def test_a_child_needs_its_parent(store):
    assert await refused(store.create("models", GPT, b"")) == ("RESOURCE_NOT_FOUND", {"name": ACME})
    assert await names(store) == set()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("models", f"{ACME}/providers/p"),
        ("models", ACME),
        ("models", "models/gpt"),
        ("models", f"{ACME}/models/"),
        ("models", f"{GPT}/versions/1"),
        ("tenants", f"{ACME}/tenants/b"),
        ("tenants", "tenants/"),
        ("tenants", ""),
    ],
)
async def test_a_name_of_another_shape_is_not_found(store, acme, kind, name):
    await store.create("providers", f"{ACME}/providers/p", b"")
    for operation in (
        store.create(kind, name, b""),
        store.get(kind, name),
        store.update(kind, name, b"", version=1),
        store.delete(kind, name),
    ):
        assert await refused(operation) == ("RESOURCE_NOT_FOUND", {"name": name})


async def test_what_is_not_there_is_not_found(store, acme):
    missing = ("RESOURCE_NOT_FOUND", {"name": GPT})
    assert await refused(store.get("models", GPT)) == missing
    assert await refused(store.update("models", GPT, b"", version=1)) == missing
    assert await refused(store.delete("models", GPT)) == missing


async def test_a_refusal_says_which_resource_it_is_about(store, acme):
    for operation, message in (
        (store.get("models", GPT), f"{GPT} does not exist."),
        (store.delete("models", GPT), f"{GPT} does not exist."),
        (store.create("models", "tenants/none/models/gpt", b""), "tenants/none does not exist."),
        (store.create("models", "tenants/<b>/models/gpt", b""), "The resource does not exist."),
        (store.get("tenants", "tenants/<b>"), "The resource does not exist."),
        (store.create("tenants", ACME, b""), f"{ACME} exists already; an update (PATCH) changes it."),
    ):
        with pytest.raises(TollwayError) as caught:
            await operation
        assert caught.value.message == message


async def test_an_update_needs_the_present_version(store, acme):
    second = await store.update("tenants", ACME, b"2", version=acme.version)
    assert second.version > acme.version
    assert await refused(store.update("tenants", ACME, b"3", version=acme.version)) == ("ETAG_MISMATCH", {"name": ACME})
    assert await store.get("tenants", ACME) == second


async def test_a_delete_may_name_the_version(store, acme):
    assert await refused(store.delete("tenants", ACME, version=acme.version + 1)) == ("ETAG_MISMATCH", {"name": ACME})
    await store.delete("tenants", ACME, version=acme.version)
    assert await names(store) == set()


async def test_one_of_many_racing_updates_wins(store, acme):
    results = await asyncio.gather(
        *(store.update("tenants", ACME, b"%d" % i, version=acme.version) for i in range(30)), return_exceptions=True
    )
    assert Counter(type(result).__name__ for result in results) == {"Resource": 1, "TollwayError": 29}
    assert await store.get("tenants", ACME) in results


async def test_a_claim_is_unique_in_its_collection(store, acme):
    await store.create("tenants", "tenants/other", b"")
    await store.create("models", GPT, b"", claim="x")
    taken = await refused(store.create("models", f"{ACME}/models/b", b"", claim="x"))
    assert taken == ("RESOURCE_EXISTS", {"name": f"{ACME}/models/b", "conflict": "claim"})
    await store.create("models", "tenants/other/models/b", b"", claim="x")
    await store.create("providers", f"{ACME}/providers/b", b"", claim="x")
    assert f"{ACME}/models/b" not in await names(store)


async def test_one_of_many_racing_claims_wins(store, acme):
    results = await asyncio.gather(
        *(store.create("models", f"{ACME}/models/{i}", b"", claim="x") for i in range(30)), return_exceptions=True
    )
    assert Counter(type(result).__name__ for result in results) == {"Resource": 1, "TollwayError": 29}


async def test_an_update_replaces_the_claim(store, acme):
    model = await store.create("models", GPT, b"", claim="old")
    model = await store.update("models", GPT, b"", version=model.version, claim="new")
    other = await store.create("models", f"{ACME}/models/b", b"", claim="old")
    assert (await refused(store.update("models", other.name, b"", version=other.version, claim="new")))[1] == {
        "name": other.name,
        "conflict": "claim",
    }
    # A refused update leaves the claim that was held.
    assert (await refused(store.create("models", f"{ACME}/models/c", b"", claim="old")))[0] == "RESOURCE_EXISTS"
    # One's own claim is no conflict, and the empty one gives it up.
    model = await store.update("models", GPT, b"", version=model.version, claim="new")
    await store.update("models", GPT, b"", version=model.version)
    await store.create("models", f"{ACME}/models/c", b"", claim="new")


async def test_a_resource_can_claim_several_values_and_gets_all_or_none(store):
    account = await store.create("billingAccounts", "billingAccounts/a", b"", claim="x\ny")
    for claim in ("x", "y", "z\ny"):
        taken = await refused(store.create("billingAccounts", "billingAccounts/b", b"", claim=claim))
        assert taken == ("RESOURCE_EXISTS", {"name": "billingAccounts/b", "conflict": "claim"})
    await store.create("billingAccounts", "billingAccounts/b", b"", claim="z")
    refusal = await refused(store.update("billingAccounts", account.name, b"", version=account.version, claim="x\nz"))
    assert refusal == ("RESOURCE_EXISTS", {"name": account.name, "conflict": "claim"})
    await store.update("billingAccounts", account.name, b"", version=account.version, claim="x")
    await store.create("billingAccounts", "billingAccounts/c", b"", claim="y")


async def test_a_deleted_resource_gives_its_claim_up(store, acme):
    await store.create("models", GPT, b"", claim="x")
    await store.delete("models", GPT)
    await store.create("models", f"{ACME}/models/b", b"", claim="x")
    await store.delete("tenants", ACME, force=True)
    await store.create("tenants", ACME, b"")
    await store.create("models", GPT, b"", claim="x")


async def test_a_resource_with_children_stays_unless_forced(store, acme):
    await store.create("models", GPT, b"")
    await store.create("apiKeys", f"{ACME}/apiKeys/k", b"")
    await store.create("tenants", "tenants/acme-2", b"")
    await store.create("models", "tenants/acme-2/models/gpt", b"")
    assert await refused(store.delete("tenants", ACME)) == ("RESOURCE_IN_USE", {"name": ACME})
    assert await refused(store.delete("tenants", ACME, version=acme.version + 7, force=True)) == (
        "ETAG_MISMATCH",
        {"name": ACME},
    )
    assert len(await names(store)) == 5
    await store.delete("tenants", ACME, force=True)
    assert await names(store) == {"tenants/acme-2", "tenants/acme-2/models/gpt"}


async def test_a_forced_delete_logs_each_resource_under_its_own_version(store, acme):
    for name in ("b", "a"):
        await store.create("models", f"{ACME}/models/{name}", b"")
    await store.delete("tenants", ACME, force=True)
    feed = store.changes(3)
    assert [(change.version, change.name, change.record) for change in await anext(feed)] == [
        (4, f"{ACME}/models/a", None),
        (5, f"{ACME}/models/b", None),
        (6, ACME, None),
    ]
    await feed.aclose()
    assert await store.load() == (6, [])


async def test_a_listing_is_in_the_order_of_names_and_continues_after_one(store, acme):
    ids = ["a", "b-1", "b", "B", "b0", "zz", "10", "9"]
    for id_ in ids:
        await store.create("models", f"{ACME}/models/{id_}", b"")
    pages, after = [], ""
    while page := await store.list("models", ACME, after=after, limit=3):
        pages.append([resource.name.rpartition("/")[2] for resource in page])
        after = page[-1].name
    assert pages == [["10", "9", "B"], ["a", "b", "b-1"], ["b0", "zz"]]


async def test_a_listing_holds_its_own_collection_only(store):
    for tenant in ("a", "a-b", "a0", "ab", "b"):
        await store.create("tenants", f"tenants/{tenant}", tenant.encode())
        for kind in ("models", "models2", "apiKeys", "providers"):
            await store.create(kind, f"tenants/{tenant}/{kind}/x", b"")
    assert [r.name for r in await store.list("models", "tenants/a", limit=100)] == ["tenants/a/models/x"]
    assert [r.record for r in await store.list("tenants", "", limit=100)] == [b"a", b"a-b", b"a0", b"ab", b"b"]
    # A page token of another collection neither opens that collection nor fails.
    assert await store.list("models", "tenants/a", after="tenants/b/models/a", limit=100) == []
    assert len(await store.list("models", "tenants/a", after="tenants/a/apiKeys/z", limit=100)) == 1
    assert await store.list("models", "tenants/none", limit=100) == []


async def test_a_listing_may_be_longer_than_any_page(store, acme):
    await asyncio.gather(*(store.create("models", f"{ACME}/models/{i:04}", b"") for i in range(1101)))
    assert len(await store.list("models", ACME, limit=1001)) == 1001
    assert len(await store.list("models", ACME, limit=5000)) == 1101
    assert len((await store.load())[1]) == 1102


async def test_an_empty_store_loads_as_version_zero(store):
    assert await store.load() == (0, [])


async def test_every_write_has_the_next_version(store, acme):
    versions = [(await store.create("models", f"{ACME}/models/{i}", b"")).version for i in range(5)]
    await refused(store.create("tenants", ACME, b""))
    await store.delete("models", f"{ACME}/models/0")
    assert versions == [acme.version + 1 + i for i in range(5)]
    assert (await store.load())[0] == acme.version + 6


async def test_a_load_is_of_one_version_while_others_write(store, acme, monkeypatch):
    # Small pages and batches, so that writes fall between them.
    monkeypatch.setattr(loading, "PAGE", 7)
    monkeypatch.setattr(change_log, "BATCH", 5)

    async def write(worker: int) -> None:
        for i in range(60):
            name = f"{ACME}/models/{worker}-{i}"
            first = await store.create("models", name, b"")
            await store.update("models", name, b"%d" % first.version, version=first.version)
            if i % 3 == 0:
                await store.delete("models", name)

    writers = asyncio.gather(*(write(worker) for worker in range(4)))
    while not writers.done():
        version, resources = await store.load()
        await assert_is_the_state_at(store, version, resources)
        await asyncio.sleep(0)
    await writers


async def assert_is_the_state_at(store, version, resources):
    """Replays the log up to a version: it must give what was loaded."""
    expected, seen = {}, 0
    feed = store.changes(0)
    while seen < version:
        for change in await anext(feed):
            seen = change.version
            if seen <= version:
                expected[change.name] = (seen, change.record)
    await feed.aclose()
    assert {r.name: (r.version, r.record) for r in resources} == {n: v for n, v in expected.items() if v[1] is not None}
