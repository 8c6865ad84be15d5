"""What fills a store for measurements is to the store what it would have written itself."""

from __future__ import annotations

import pytest

from tests.bench import population
from tests.bench.population import populate, secret
from tests.stepped import whole
from tollwayd import prices
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.prices.price_list import PriceList
from tollwayd.dialects import DIALECTS
from tollwayd.proxy.compiler import Compiler
from tollwayd.security.api_keys import well_formed
from tollwayd.security.keyring import Keyring

RING = Keyring({"k1": b"k" * 32})


async def test_all_of_it_compiles(redis_url, redis_store):
    await populate(redis_url, RING, keys=30, models=20, policies=10)
    snapshot = whole(Compiler(DIALECTS, RING, PriceList(prices.read())).compile(*await redis_store.load()))
    assert snapshot.problems == {}
    assert {*snapshot.secrets} == {RING.digests(secret(number))[0] for number in range(30)}
    assert all(well_formed(secret(number)) for number in range(30))
    tenant = snapshot.tenants["tenants/big"]
    assert {*tenant.models} == {f"m-{number}" for number in range(20)}
    assert all(tenant.policies.limit_rule(f"p-{number}") for number in range(10))


async def test_the_store_goes_on_from_it(redis_url, redis_store, monkeypatch):
    monkeypatch.setattr(population, "BATCH", 7)
    await populate(redis_url, RING, keys=10, models=10)
    version, resources = await redis_store.load()
    assert version == len(resources) == 22
    with pytest.raises(TollwayError) as refused:
        await redis_store.create("models", "tenants/big/models/other", b"", claim="m-3")
    assert refused.value.reason == Reason.REASON_RESOURCE_EXISTS
    with pytest.raises(TollwayError) as refused:
        await redis_store.create("apiKeys", "tenants/big/apiKeys/k-9", b"")
    assert refused.value.reason == Reason.REASON_RESOURCE_EXISTS
    feed = redis_store.changes(version)
    await redis_store.delete("models", "tenants/big/models/m-3")
    (change,) = await anext(feed)
    assert (change.version, change.name) == (version + 1, "tenants/big/models/m-3")
    await feed.aclose()
    assert (await redis_store.create("models", "tenants/big/models/other", b"", claim="m-3")).version == version + 2
