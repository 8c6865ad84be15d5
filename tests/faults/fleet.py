"""Gateways on one Redis, under load, to be killed; a recorder of what callers saw, and a checker of what was booked."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from tests.running.gateway import Gateway
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys
from tollwayd.state.metering.ledger_reader import RedisLedger
from tollwayd.state.metering.usage_reader import RedisUsage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tollway.admin.v1.ledger_pb2 import LedgerEntry
    from tollwayd.mock import MockProvider
    from tollwayd.state.embedded import EmbeddedRedis

LANES = 8
REFUSED_SECONDS = 0.05
"""What a caller waits that was refused."""

FOREVER_MS = 2**43
DRAINED_SECONDS = 60
"""A call that a killed process had under way is booked as lost when its lease has ended, after 15 seconds."""

# Calls that cost different amounts, of which half are streams of a tenth of a second.
SCRIPT = {
    "rules": [
        {"cycle": [{"tokens": 5, "pace": 0.02, "usage": {"input": 100 + n, "output": 7 * n}} for n in range(1, 8)]},
    ]
}
DOLLARS_A_MILLION = {"input": 3, "output": 11}


class Call(NamedTuple):
    """What a caller saw: an HTTP status, None where the connection broke before; whether the answer was whole; and the
    cost that was told, where one was."""

    status: int | None
    whole: bool
    cost: int | None = None


class Fleet:
    """`redis` is real and can be killed. `calls` is what callers saw, by the end users that they named, one a call;
    `asked` are those that came to the provider."""

    def __init__(self, redis: EmbeddedRedis, provider: MockProvider, folder: Path) -> None:
        self.redis = redis
        self.provider = provider
        self.folder = folder
        self.calls: dict[str, Call] = {}
        self.secret = ""
        self.tenant = ""
        self.asked: set[str] = set()
        self._numbers = count(1)
        self._answered = asyncio.Semaphore(0)

    def gateway(self, **settings: str) -> Gateway:
        """A gateway on the fleet's Redis. All have one data folder, as one container after another."""
        return Gateway(self.folder, redis_url=self.redis.url, **settings)

    def set_up(self, gateway: Gateway) -> None:
        """A tenant with a priced model, and limits of money, of tokens and of requests that nobody reaches."""
        tenant = gateway.admin().tenant(openai=self.provider.url)
        tenant.model("gpt", {"provider": "openai", "model": "priced"})
        rates = {name: {"currencyCode": "USD", "units": str(each)} for name, each in DOLLARS_A_MILLION.items()}
        price = {"model": "priced", "rates": rates, "maxOutputTokens": 1000}
        tenant.admin("POST", f"/v1/{tenant.name}/prices?price_id=all", price)
        for unit, limit in (
            ("COST", {"limit": {"currencyCode": "USD", "units": "1000000"}}),
            ("TOTAL_TOKENS", {"maxUnits": "1000000000"}),
            ("REQUESTS", {"maxUnits": "1000000"}),
        ):
            budget = {"unit": unit, "window": "CALENDAR_YEAR", **limit}
            policy = unit.lower().replace("_", "-")
            tenant.admin("POST", f"/v1/{tenant.name}/policies?policy_id={policy}", {"subject": {}, "budget": budget})
        self.tenant, self.secret = tenant.name, tenant.key()

    @asynccontextmanager
    async def load(self, gateway: Gateway):
        """Calls on all lanes, one after another, until the end of the block, or until the gateway is no more."""
        stop = asyncio.Event()
        url = gateway.url("proxy_http")
        async with aiohttp.ClientSession() as session:
            lanes = [asyncio.create_task(self._lane(session, url, gateway, stop)) for _ in range(LANES)]
            try:
                yield
            finally:
                stop.set()
                await asyncio.gather(*lanes)
                self.asked |= {
                    each.json["messages"][-1]["content"].removeprefix("call ") for each in self.provider.requests
                }

    async def _lane(self, session: aiohttp.ClientSession, url: str, gateway: Gateway, stop: asyncio.Event) -> None:
        while not stop.is_set() and gateway.process.poll() is None:
            number = next(self._numbers)
            call = self.calls[str(number)] = await self._call(session, url, str(number), stream=bool(number % 2))
            if call.whole:
                self._answered.release()
            else:
                await asyncio.sleep(REFUSED_SECONDS)

    async def _call(self, session: aiohttp.ClientSession, url: str, user: str, *, stream: bool) -> Call:
        status, whole, cost = None, False, None
        body = {"model": "gpt", "stream": stream, "messages": [{"role": "user", "content": f"call {user}"}]}
        headers = {"Authorization": f"Bearer {self.secret}", "X-Tollway-User": user}
        with suppress(aiohttp.ClientError, ConnectionError):
            async with session.post(f"{url}/v1/chat/completions", json=body, headers=headers) as answer:
                status = answer.status
                content = await answer.read()
                whole = status == 200 and (not stream or content.endswith(b"data: [DONE]\n\n"))
                if "x-tollway-cost" in answer.headers:
                    cost = int(Decimal(answer.headers["x-tollway-cost"]) * 10**9)
        return Call(status, whole, cost)

    async def answers(self, number: int) -> None:
        """Waits until so many more calls have been answered well."""
        while not self._answered.locked():
            await self._answered.acquire()
        for _ in range(number):
            await self._answered.acquire()

    def kill_redis(self) -> None:
        """Ends the server as kill -9 does; it is started again on the same files."""
        os.kill(self.redis._process.pid, signal.SIGKILL)


class Books:
    """What is booked of a fleet's tenant."""

    def __init__(self, entries: list[LedgerEntry], counters: dict[str, int], sums: Counter[str]) -> None:
        self.entries = entries
        self.counters = counters
        self.sums = sums

    @classmethod
    async def of(cls, fleet: Fleet) -> Books:
        """The books once nothing is under way any more."""
        ledger, usage = RedisLedger(fleet.redis.url), RedisUsage(fleet.redis.url)
        entries: list[LedgerEntry] = []
        sums: Counter[str] = Counter()
        async with connect(fleet.redis.url) as client:
            await _drained(client, fleet.tenant)
            async for batch in ledger.entries(fleet.tenant, start_ms=0, end_ms=FOREVER_MS):
                entries += batch
            hour = int(time.time()) // 3600
            async for parts in usage.parts(fleet.tenant, start_hour=hour - 24, end_hour=hour + 24):
                for part in parts:
                    sums.update(part.sums._asdict())
            counters = dict(_counters(await client.hgetall(keys.limits(fleet.tenant))))
        await ledger.aclose()
        await usage.aclose()
        return cls(entries, counters, sums)


async def _drained(client, tenant: str) -> None:
    """Waits until no call is held any more: each end of one is an entry in the ledger."""
    last = "$"
    async with asyncio.timeout(DRAINED_SECONDS):
        while await client.hlen(keys.holds(tenant)):
            for _, entries in await client.xread({keys.ledger(tenant): last}, block=500) or ():
                last = entries[-1][0]


def _counters(fields: dict[bytes, bytes]) -> Iterator[tuple[str, int]]:
    """What is taken of each budget: fields of the bucket, which begins with the policy, and the window's two ends."""
    for field, value in fields.items():
        bucket, _, window = field.decode().partition("\x1f")
        if window.replace("-", "").isdigit():
            yield bucket.partition(".")[0], int(value)
