"""Thresholds of budgets: streamed to who listens, logged and counted, once in a window."""

from __future__ import annotations

import json

import aiohttp
import grpc
from openai import AsyncOpenAI

from tests.e2e.metering.conftest import SAID, dollars
from tests.running.gateway import ADMIN_KEY
from tollway.admin.v1 import policies_pb2, policies_pb2_grpc

HELLO = [{"role": "user", "content": "Hello there!"}]
COST = 2_337_500
"""Nano-dollars that a call costs here."""

ROOT = {"authorization": f"Bearer {ADMIN_KEY}"}


async def spend(gateway, tenant, provider, calls):
    provider.use(SAID)
    async with AsyncOpenAI(base_url=gateway.url("proxy_http") + "/v1", api_key=tenant.key(), max_retries=0) as client:
        for _ in range(calls):
            await client.chat.completions.create(model="gpt", messages=HELLO)


async def test_each_threshold_is_told_by_stream_log_and_metric(gateway, priced, provider):
    budget = {"unit": "COST", "limit": dollars(4 * COST), "window": "CALENDAR_YEAR", "soft": True}
    priced.admin("POST", f"/v1/{priced.name}/policies?policy_id=year", {"budget": budget})
    await spend(gateway, priced, provider, 3)

    url = f"{gateway.url('admin_http')}/v1/{priced.name}/policies:stream?last_event=0-0"
    async with aiohttp.ClientSession() as client, client.get(url, headers=ROOT) as events:
        first = json.loads(await events.content.readline())["result"]
        assert (first["policy"], first["unit"], first["percent"]) == ("year", "COST", 50)
        assert (first["settled"], first["limit"]) == (str(2 * COST), str(4 * COST))
        assert first["windowStartTime"].endswith("-01-01T00:00:00Z")
        await spend(gateway, priced, provider, 1)
        assert [json.loads(await events.content.readline())["result"]["percent"] for _ in range(2)] == [80, 100]

    async with grpc.aio.insecure_channel(gateway.addresses["admin_grpc"]) as channel:
        request = policies_pb2.StreamPolicyEventsRequest(parent=priced.name, last_event=first["event"])
        stream = policies_pb2_grpc.PolicyServiceStub(channel).StreamPolicyEvents(request, metadata=tuple(ROOT.items()))
        assert [(await stream.read()).percent for _ in range(2)] == [80, 100]
        stream.cancel()

    logged = [line for line in gateway.lines() if line["event"] == "threshold reached"]
    told = [line["percent"] for line in logged if line["tenant"] == priced.name]
    assert told == [50, 80, 100]
    async with aiohttp.ClientSession() as client, client.get(f"{gateway.url('metrics_http')}/metrics") as answer:
        metrics = await answer.text()
    for percent in told:
        labels = f'{{percent="{percent}",policy="year",tenant="{priced.name}"}}'
        assert f"tollway_policy_thresholds_total{labels} 1.0" in metrics
