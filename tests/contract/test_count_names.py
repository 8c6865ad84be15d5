"""The CountNames over a real Redis, of every kind, as the meter writes them."""

from __future__ import annotations

import pytest

from tests.metered.words import TENANT, calls, limit, reservation
from tests.running.redis_server import every_kind
from tollwayd.core.metering.limits.limit import Algorithm
from tollwayd.state.metering import count_names, keys
from tollwayd.state.metering.count_names import RedisCountNames
from tollwayd.state.metering.meter import RedisMeter

pytest_generate_tests = every_kind


@pytest.fixture
def redis_home():
    return keys.limits(TENANT)


@pytest.fixture
async def names(redis_url):
    reader = RedisCountNames(redis_url)
    yield reader
    await reader.aclose()


@pytest.fixture
async def take(redis_url):
    """`await take(*limits)` has a call take of them, and stay under way."""
    meter = RedisMeter(redis_url)

    async def take(*limits) -> None:
        await meter.reserve(reservation(limits[0].bucket, *limits))

    yield take
    await meter.aclose()


async def test_counts_are_found_by_how_they_begin(names, take):
    buckets = ["rpm.1|k=app", "rpm.1|k=night%20shift", "rpm.10", "tpm.1"]
    await take(*[limit(5, bucket=bucket) for bucket in buckets])
    assert sorted((await names.beginning(TENANT, "rpm.1", 10))[0]) == sorted(buckets[:3])
    assert await names.beginning(TENANT, "tpm.1", 10) == (["tpm.1"], True)
    assert await names.beginning(TENANT, "none", 10) == ([], True)
    assert await names.beginning("tenants/other", "rpm.1", 10) == ([], True)


@pytest.mark.parametrize("algorithm", sorted(set(Algorithm) - {Algorithm.CALENDAR}))  # That is kept as FIXED is.
async def test_counts_of_every_algorithm_are_found_once(names, take, algorithm):
    of = calls(5, bucket="p.1|u=x") if algorithm is Algorithm.CONCURRENCY else None
    await take(of or limit(5, bucket="p.1|u=x", algorithm=algorithm))
    assert await names.beginning(TENANT, "p.1", 10) == (["p.1|u=x"], True)


async def test_more_than_are_asked_for_are_told_of(names, take, monkeypatch):
    await take(*[limit(5, bucket=f"p.1|u={number}") for number in range(20)])
    found, all_seen = await names.beginning(TENANT, "p.1", 5)
    assert (len(found), all_seen) == (5, False)
    assert (await names.beginning(TENANT, "p.1", 20))[1] is True
    monkeypatch.setattr(count_names, "MAX_SCANS", 0)
    assert await names.beginning(TENANT, "p.1", 20) == ([], False)
