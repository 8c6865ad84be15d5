"""Fixtures and words for tests of the meter over Redis. A conftest.py imports those that its folder needs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.metered.words import NOON, TENANT
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.metering.charge import Charge, Counts, Dimensions
from tollwayd.state.metering import keys, scripts
from tollwayd.state.metering.meter import RedisMeter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

ALL = {"metering": scripts.METERING}
DAY = NOON // keys.MS_A_DAY


class ServerClock:
    """The server's clock as the scripts see it: Unix milliseconds that stand still until they are moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._sources = {script: script.source for script in ALL.values()}
        self.now_ms = NOON

    @property
    def now_ms(self) -> int:
        return self._now_ms

    @now_ms.setter
    def now_ms(self, now_ms: int) -> None:
        self._now_ms = now_ms
        time = f"{{'{now_ms // 1000}', '{now_ms % 1000 * 1000}'}}"
        for script, source in self._sources.items():
            told = source.replace("redis.call('TIME')", time)
            assert told != source
            self._monkeypatch.setattr(script, "source", told)
            self._monkeypatch.setattr(script, "digest", hashlib.sha1(told.encode(), usedforsecurity=False).hexdigest())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ServerClock:
    """The clock of the server."""
    return ServerClock(monkeypatch)


@pytest_asyncio.fixture
async def meter(redis_url: str) -> AsyncIterator[RedisMeter]:
    """A meter on the empty server."""
    meter = RedisMeter(redis_url)
    yield meter
    await meter.aclose()


def spent(
    tokens: int = 0, cost: int = 0, *, call: str = "a", outcome: int = LedgerEntry.COMPLETED, **dimensions: object
) -> Charge:
    """A charge of input tokens with a true entry."""
    dimensions = {"api_key": "app", "model": "m", "provider": "one"} | dimensions
    entry = LedgerEntry(
        call=call, kind=LedgerEntry.CALL, outcome=outcome, input_tokens=tokens, cost_nanos=cost, model="m"
    )
    failed = outcome == LedgerEntry.FAILED
    return Charge(Counts(input=tokens), cost, 1, failed, Dimensions(**dimensions), entry.SerializeToString())


async def ledger(client: Redis) -> list[LedgerEntry]:
    """The entries of the ledger."""
    return [LedgerEntry.FromString(fields[b"e"]) for _, fields in await client.xrange(keys.ledger(TENANT))]


async def usage(client: Redis, day: int = DAY) -> dict[str, int]:
    """The usage of a day, without the fields' separators and the numbers of places."""
    fields = await client.hgetall(keys.usage(TENANT, day))
    found = {field.decode().replace("\x1f", "/"): int(value) for field, value in fields.items() if int(value)}
    return {field: value for field, value in found.items() if not field.endswith("/places")}
