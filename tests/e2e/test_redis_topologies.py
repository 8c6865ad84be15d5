"""Whole gateways on a cluster and on a Sentinel group: what is answered is in the ledger, once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from openai import APIStatusError, AsyncOpenAI
from redis.crc import key_slot

from tests.running.gateway import Gateway
from tests.running.redis_topologies import Cluster, SentinelGroup, until
from tollwayd.mock import MockProvider
from tollwayd.state.metering import keys
from tollwayd.state.metering.ledger_reader import RedisLedger

KEYRING = "k1:" + "A" * 43 + "="


class Calls:
    """Calls through some gateways, one after another at each, until it is left."""

    def __init__(self, gateways, secret) -> None:
        self._clients = [
            AsyncOpenAI(base_url=gateway.url("proxy_http") + "/v1", api_key=secret, max_retries=0)
            for gateway in gateways
        ]
        self.answered = 0
        self.refused: set[int] = set()
        self._stop = False

    async def __aenter__(self):
        self._tasks = [asyncio.create_task(self._call_on(client)) for client in self._clients]
        return self

    async def __aexit__(self, *_) -> None:
        self._stop = True
        await asyncio.gather(*self._tasks)
        for client in self._clients:
            await client.close()

    async def more(self, count: int) -> None:
        wanted = self.answered + count

        async def answered() -> bool:
            return self.answered >= wanted

        await until(answered)

    async def _call_on(self, client) -> None:
        while not self._stop:
            try:
                await client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "Hello!"}])
                self.answered += 1
            except APIStatusError as error:
                self.refused.add(error.status_code)
                await asyncio.sleep(0.05)


@asynccontextmanager
async def gateways(folder, url: str, count: int):
    """Gateways on one Redis, a secret of a tenant's, and the tenant's name."""
    running = [Gateway(folder / f"gateway{i}", redis_url=url, master_keys=KEYRING) for i in range(count)]
    async with MockProvider() as provider:
        try:
            await asyncio.gather(*(asyncio.to_thread(gateway.start) for gateway in running))
            tenant = await asyncio.to_thread(running[0].admin().tenant, openai=provider.url)
            await asyncio.to_thread(tenant.model, "gpt", {"provider": "openai", "model": "gpt-upstream"})
            yield running, await asyncio.to_thread(tenant.key), tenant.name
        finally:
            await asyncio.gather(*(asyncio.to_thread(gateway.stop) for gateway in running))


async def booked(url: str, tenant: str) -> list[str]:
    """The calls in a tenant's ledger."""
    ledger = RedisLedger(url)
    found = [entry.call async for batch in ledger.entries(tenant, start_ms=0, end_ms=2**42) for entry in batch]
    await ledger.aclose()
    return found


async def test_a_cluster_moves_a_tenant_and_the_configuration_while_two_gateways_serve(tmp_path):
    async with Cluster(tmp_path) as cluster, gateways(tmp_path, cluster.url, 2) as (running, secret, tenant):
        async with Calls(running, secret) as calls:
            for key in (keys.ledger(tenant), "tollway:{config}:head", keys.ledger(tenant)):
                await calls.more(20)
                slot = key_slot(key.encode())
                source = await cluster.owner(slot)
                async with cluster.moving(slot, source, (source + 1) % 3):
                    await cluster.migrate(slot, source, (source + 1) % 3, 2)
            await calls.more(20)
        entries = await booked(cluster.url, tenant)
    assert calls.refused == set()
    assert len(set(entries)) == len(entries) == calls.answered


async def test_a_gateway_outlives_its_sentinels_master(tmp_path):
    async with (
        SentinelGroup(tmp_path, sentinels=1) as group,
        gateways(tmp_path, group.url, 1) as (running, secret, tenant),
    ):
        async with Calls(running, secret) as calls:
            await calls.more(20)
            group.master.kill()
            await until(lambda: switched(group))
            await calls.more(20)
        entries: list[str] = []

        async def all_are_booked() -> bool:
            entries[:] = await booked(group.url, tenant)
            return len(set(entries)) >= calls.answered

        await until(all_are_booked)
    assert len(set(entries)) == len(entries) == calls.answered
    assert calls.refused <= {503}


async def switched(group) -> bool:
    return await group.home("") is not group.master
