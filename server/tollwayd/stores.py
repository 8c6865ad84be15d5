"""What the gateway keeps beyond the process: each store behind its port, all in one Redis."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING, NamedTuple

from tollwayd.core.metering.fallback import Fallback
from tollwayd.core.metering.local import LocalMeter
from tollwayd.state.billing.invoice_store import RedisInvoiceStore
from tollwayd.state.metering.ledger_reader import RedisLedger
from tollwayd.state.metering.meter import RedisMeter
from tollwayd.state.metering.reaper import reap
from tollwayd.state.metering.replicas import Replicas
from tollwayd.state.metering.usage_reader import RedisUsage
from tollwayd.state.resource_store import RedisResourceStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AsyncExitStack

    from tollwayd.core.ports import InvoiceStore, Ledger, Meter, ResourceStore, UsageStore


class Stores(NamedTuple):
    """What is kept beyond the process, each behind its port."""

    resources: ResourceStore
    invoices: InvoiceStore
    ledger: Ledger
    usage: UsageStore
    meter: Meter


async def open_stores(url: str, tenants: Callable[[], Iterable[str]], parts: AsyncExitStack) -> Stores:
    """The stores in the Redis at a URL, closed with `parts`. `tenants` gives the names of those there are now."""
    stores = RedisResourceStore(url), RedisInvoiceStore(url), RedisLedger(url), RedisUsage(url)
    for store in stores:
        parts.push_async_callback(store.aclose)
    return Stores(*stores, await _open_meter(url, tenants, parts))


async def _open_meter(url: str, tenants: Callable[[], Iterable[str]], parts: AsyncExitStack) -> Meter:
    replicas = await parts.enter_async_context(Replicas(url, f"{socket.gethostname()}:{os.getpid()}"))
    meter = RedisMeter(url)
    parts.push_async_callback(meter.aclose)
    await parts.enter_async_context(reap(meter, tenants))
    return Fallback(meter, LocalMeter(_now_ms, replicas=replicas))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
