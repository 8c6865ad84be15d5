"""With thousands of keys, models and policies in one tenant, a change holds for the first call after it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from urllib.request import Request

import aiohttp
import pytest

from tests.bench.population import populate, secret
from tests.running.gateway import Gateway, send
from tollwayd.security.keyring import Keyring
from tollwayd.state.embedded import EmbeddedRedis

KEYS, MODELS, POLICIES = 3000, 1000, 300
TENANT = "/v1/tenants/big"


@pytest.fixture
async def gateway(tmp_path, provider):
    keyring = Keyring.load_or_create(tmp_path / "master.keys")
    async with EmbeddedRedis(tmp_path) as redis:
        url = f"{provider.url}/v1"
        await populate(redis.url, keyring, keys=KEYS, models=MODELS, policies=POLICIES, provider_url=url)
        with Gateway(tmp_path) as running:
            yield running


def chat(gateway: Gateway, key: str, model: str) -> int:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello!"}]}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    status, _ = send(Request(gateway.url("proxy_http") + "/v1/chat/completions", body, headers))
    return status


@asynccontextmanager
async def calls(gateway: Gateway):
    """Calls of one key, one after another, all of which are to go well."""
    stop = asyncio.Event()
    body = {"model": "m-1", "messages": [{"role": "user", "content": "Hello!"}]}

    async def on() -> set[int]:
        seen = set()
        headers = {"Authorization": f"Bearer {secret(1)}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            while not stop.is_set():
                async with session.post(gateway.url("proxy_http") + "/v1/chat/completions", json=body) as answer:
                    seen.add(answer.status)
        return seen

    running = asyncio.create_task(on())
    yield
    stop.set()
    assert await running == {200}


async def test_a_change_holds_for_the_next_call_while_others_run(gateway):
    async with calls(gateway):
        await asyncio.to_thread(change_each, gateway)


def change_each(gateway: Gateway) -> None:
    admin = gateway.admin()
    assert chat(gateway, secret(KEYS - 1), f"m-{MODELS - 1}") == 200

    key = admin("POST", f"{TENANT}/apiKeys?api_key_id=new", {})["secret"]
    assert chat(gateway, key, "m-5") == 200
    admin("PATCH", f"{TENANT}/apiKeys/new", {"disabled": True})
    admin("PATCH", f"{TENANT}/apiKeys/k-5", {"disabled": True})
    assert (chat(gateway, key, "m-5"), chat(gateway, secret(5), "m-5")) == (401, 401)

    admin("PATCH", f"{TENANT}/models/m-6", {"publicName": "six"})
    assert (chat(gateway, secret(6), "six"), chat(gateway, secret(6), "m-6")) == (200, 404)

    assert chat(gateway, secret(7), "m-7") == 200
    limit = {"unit": "REQUESTS", "limit": "1", "window": "60s"}
    admin("PATCH", f"{TENANT}/policies/p-7", {"rateLimit": limit})
    assert (chat(gateway, secret(7), "m-7"), chat(gateway, secret(8), "m-7")) == (429, 200)
