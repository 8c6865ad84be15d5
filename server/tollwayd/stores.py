"""What the gateway keeps beyond the process: each store behind its port, all in one Redis, with a spool beside it."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING, NamedTuple

from tollwayd.core.metering.meters.fallback import Fallback
from tollwayd.core.metering.meters.leasing.slices import Slices
from tollwayd.core.metering.meters.local import LocalMeter
from tollwayd.state.billing.invoice_store import RedisInvoiceStore
from tollwayd.state.metering.count_names import RedisCountNames
from tollwayd.state.metering.events_reader import RedisPolicyEvents
from tollwayd.state.metering.followers import Followers
from tollwayd.state.metering.ledger_reader import RedisLedger
from tollwayd.state.metering.meter import RedisMeter
from tollwayd.state.metering.reaper import reap
from tollwayd.state.metering.replicas import Replicas
from tollwayd.state.metering.spool.booking import booking
from tollwayd.state.metering.spool.spool import Spool
from tollwayd.state.metering.usage_reader import RedisUsage
from tollwayd.state.resource_store import RedisResourceStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AsyncExitStack
    from pathlib import Path

    from tollwayd.core.metering.limits.reached import Reached
    from tollwayd.core.ports import CountNames, InvoiceStore, Ledger, Meter, PolicyEvents, ResourceStore, UsageStore


class Stores(NamedTuple):
    """What is kept beyond the process, each behind its port."""

    resources: ResourceStore
    invoices: InvoiceStore
    ledger: Ledger
    usage: UsageStore
    counts: CountNames
    events: PolicyEvents
    meter: Meter


class Place(NamedTuple):
    """Where they are: the Redis, and the folder on this machine for what must outlast it."""

    url: str
    folder: Path


class Around(NamedTuple):
    """What the meter has to do with: the names of the tenants there are now, and who is told of thresholds."""

    tenants: Callable[[], Iterable[str]]
    on_reached: Callable[[Reached], None]


async def open_stores(place: Place, around: Around, parts: AsyncExitStack) -> Stores:
    """The stores at a place, closed with `parts`."""
    url = place.url
    followers = Followers(url)
    ledger = RedisLedger(url, followers)
    stores = RedisResourceStore(url), RedisInvoiceStore(url), ledger, RedisUsage(url), RedisCountNames(url)
    for store in stores:
        parts.push_async_callback(store.aclose)
    return Stores(*stores, RedisPolicyEvents(followers), await _open_meter(place, around, parts))


async def _open_meter(place: Place, around: Around, parts: AsyncExitStack) -> Meter:
    # Containers that share their host's network share its name, and each takes its process for the first.
    name = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(8).hex()}"
    replicas = await parts.enter_async_context(Replicas(place.url, name))
    spool = Spool(place.folder / "spool")
    parts.push_async_callback(spool.aclose)
    meter = RedisMeter(place.url, spool, around.on_reached)
    parts.push_async_callback(meter.aclose)
    await parts.enter_async_context(booking(spool, meter.book, replicas.beat))
    await parts.enter_async_context(reap(meter, around.tenants))
    slices = await parts.enter_async_context(Slices(meter))
    return Fallback(slices, LocalMeter(_now_ms, replicas=replicas))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
