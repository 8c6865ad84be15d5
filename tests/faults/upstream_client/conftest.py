from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from tests.faults.upstream_client.scripted import Provider, provider
from tollwayd.core.timeouts import Timeouts
from tollwayd.upstream.client import HttpClient, HttpResponse, request_head
from tollwayd.upstream.egress import EgressRules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from tollwayd.core.origin import Origin

CANARY = "sk-canary-5e1f"


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The gateway runs on uvloop; where there is none, on asyncio's own loop."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


class Clients:
    """Makes clients that may call loopback, and sends requests with a credential by them."""

    def __init__(self) -> None:
        self.made: list[HttpClient] = []

    def __call__(self, egress: EgressRules | None = None, **options: Any) -> HttpClient:
        client = HttpClient(egress or EgressRules(["127.0.0.0/8"]), **options)
        self.made.append(client)
        return client

    async def close(self) -> None:
        for client in self.made:
            await client.close()
            assert client.open_connections == 0


@pytest.fixture
async def new_client() -> AsyncIterator[Clients]:
    clients = Clients()
    yield clients
    await clients.close()


@pytest.fixture
async def client(new_client: Clients) -> HttpClient:
    return new_client()


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[Provider]]]:
    async with AsyncExitStack() as stack:

        async def begin(script: Any, **options: Any) -> Provider:
            return await stack.enter_async_context(provider(script, **options))

        yield begin


@pytest.fixture
def ask() -> Callable[..., Awaitable[HttpResponse]]:
    """`await ask(client, origin, body=b"", **time_limits)` sends a POST."""

    async def send(client: HttpClient, origin: Origin, body: bytes = b"{}", **limits: float) -> HttpResponse:
        head = request_head("POST", origin, "/v1/chat", [("authorization", f"Bearer {CANARY}")])
        return await client.send(origin, head, body, timeouts=Timeouts(**limits))

    return send
