"""Calls that the gateway itself ends, and those that vanish with its process."""

from __future__ import annotations

import asyncio
import signal
from contextlib import aclosing

from tests.e2e.metering.conftest import Books, set_price
from tests.e2e.metering.test_settlement import PATHS, body_of, post
from tests.running.gateway import Gateway
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.mock import MockProvider
from tollwayd.state.connection import connect
from tollwayd.state.embedded import EmbeddedRedis
from tollwayd.state.metering import keys
from tollwayd.state.metering.ledger_reader import RedisLedger

STALLING = {"rules": [{"answer": {"tokens": 60, "fault": {"kind": "stall", "after_events": 31}}}]}


def ready(gateway, provider):
    """A tenant with a price and the model `gpt`."""
    tenant = gateway.admin().tenant(openai=provider.url)
    tenant.model("gpt", {"provider": "openai", "model": "gpt-upstream"})
    set_price(tenant)
    return tenant


async def begun(gateway, tenant) -> asyncio.StreamWriter:
    """The connection of a call that has got 30 tokens."""
    body = body_of("gpt", "Hi there!")
    reader, writer = await post(gateway.addresses["proxy_http"], PATHS["openai"], tenant.key(), body)
    for _ in range(30):
        await reader.readuntil(b'"content":"')
    return writer


async def noted(data_dir, tenant: str) -> None:
    """Waits until something is noted of a running call."""
    client = connect(EmbeddedRedis(data_dir).url)
    await client.config_set("notify-keyspace-events", "Kh")
    async with client.pubsub() as events, asyncio.timeout(10):
        await events.subscribe(f"__keyspace@0__:{keys.holds(tenant)}")
        async with aclosing(events.listen()) as told:
            async for event in told:
                if event["data"] == b"hset":
                    break
    await client.aclose()


async def booked(data_dir, tenant: str, within: float) -> tuple[int, int]:
    """The outcome and the output of the tenant's one entry, once a gateway that is started for that has it."""
    with Gateway(data_dir):
        ledger = RedisLedger(EmbeddedRedis(data_dir).url)
        (entry,) = await Books(ledger, tenant).entries(1, within=within)
        await ledger.aclose()
    assert entry.cost_nanos == entry.input_tokens * 2_500 + entry.output_tokens * 10_000
    return entry.outcome, entry.output_tokens


async def test_a_call_that_outlasts_the_drain_is_charged_what_it_got(tmp_path):
    async with MockProvider(STALLING) as provider:
        with Gateway(tmp_path, drain_seconds="0.2") as gateway:
            tenant = await asyncio.to_thread(ready, gateway, provider)
            writer = await begun(gateway, tenant)
            gateway.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(gateway.process.wait)
            writer.close()
        assert await booked(tmp_path, tenant.name, within=5) == (LedgerEntry.CUT, 30)


async def test_a_call_that_vanishes_with_its_process_is_charged_what_was_last_noted_of_it(tmp_path):
    async with MockProvider(STALLING) as provider:
        with Gateway(tmp_path) as gateway:
            tenant = await asyncio.to_thread(ready, gateway, provider)
            writer = await begun(gateway, tenant)
            await noted(tmp_path, tenant.name)
            gateway.process.kill()
            writer.close()
        assert await booked(tmp_path, tenant.name, within=30) == (LedgerEntry.LOST, 30)
