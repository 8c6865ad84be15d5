"""A gateway at a Redis of the tests' own, into which they book calls."""

from __future__ import annotations

import csv
import io
import json
from contextlib import asynccontextmanager
from typing import NamedTuple

import aiohttp
import grpc
import pytest

from tests.metered.booked import book, entry
from tests.running.gateway import ADMIN_KEY, Gateway, Tenant
from tests.running.redis_server import redis_client, redis_url, shared_redis
from tollway.admin.v1.usage_pb2_grpc import UsageServiceStub
from tollwayd.state.connection import connect

__all__ = ["redis_client", "redis_url", "shared_redis"]

HEADERS = {"authorization": f"Bearer {ADMIN_KEY}"}


@pytest.fixture(scope="session")
def usage_gateway(shared_redis, tmp_path_factory):
    """`tollway serve` at the session's Redis."""
    with Gateway(tmp_path_factory.mktemp("usage"), redis_url=shared_redis) as running:
        yield running


class Books(NamedTuple):
    """A tenant under test, and its ledger."""

    tenant: Tenant
    redis: object
    session: aiohttp.ClientSession
    gateway: Gateway

    async def book(self, call: str, *, at_ms: int | None = None, **fields) -> str:
        """Books a call of the tenant; its place in the ledger."""
        return await book(self.redis, entry(call, tenant=self.tenant.name, **fields), at_ms=at_ms)

    def path(self, method: str) -> str:
        return f"/v1/{self.tenant.name}/{method}"

    async def get(self, method: str, *, status: int = 200, **query) -> dict:
        """The JSON answer to a GET; values of a query that are lists are repeated."""
        pairs = [(name, str(value)) for name, given in query.items() for value in listed(given)]
        async with self.session.get(self.path(method), params=pairs) as answer:
            got = await answer.json()
            assert answer.status == status, got
            return got

    async def rows(self, **query) -> list[dict]:
        """The rows of a query of usage, of all its pages."""
        return await self.pages("usage:query", "rows", **query)

    async def pages(self, method: str, field: str, **query) -> list[dict]:
        found, token = [], ""
        while True:
            page = await self.get(method, **query, page_token=token)
            found += page[field]
            token = page["nextPageToken"]
            if not token:
                return found

    async def export(self, **query) -> bytes:
        async with self.session.get(self.path("ledger:export"), params=query) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()

    async def lines(self, **query) -> list[dict]:
        return [json.loads(line) for line in (await self.export(format="JSON_LINES", **query)).splitlines()]

    async def cells(self, **query) -> list[dict]:
        text = (await self.export(format="CSV", **query)).decode()
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

    @asynccontextmanager
    async def stub(self):
        """The service over gRPC, and the metadata of its calls."""
        async with grpc.aio.insecure_channel(self.gateway.addresses["admin_grpc"]) as channel:
            yield UsageServiceStub(channel), tuple(HEADERS.items())


def listed(given) -> list:
    return given if isinstance(given, list) else [given]


@pytest.fixture
async def books(usage_gateway, shared_redis):
    """A fresh tenant. The Redis is not emptied: the gateway's configuration is in it."""
    tenant = usage_gateway.admin().tenant()
    async with (
        connect(shared_redis) as redis,
        aiohttp.ClientSession(usage_gateway.url("admin_http"), headers=HEADERS) as session,
    ):
        yield Books(tenant, redis, session, usage_gateway)
