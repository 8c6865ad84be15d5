"""Calls as the meter books them: entries of the ledger, and usage by the hour, under the keys that it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.metering.charge import Charge, Counts, Dimensions
from tollwayd.core.metering.usage import HOUR_MS
from tollwayd.state.metering import keys

if TYPE_CHECKING:
    from redis.asyncio import Redis

TENANT = "tenants/acme"
COUNTS = {
    "input": "input_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "cache_write_hour": "cache_write_hour_tokens",
    "output": "output_tokens",
    "reasoning": "reasoning_tokens",
}
"""What a count is called in entries."""


def entry(call: str, **fields: Any) -> LedgerEntry:
    """An entry as a gateway makes it, of a call that was completed unless `fields` say otherwise."""
    plain = {
        "kind": "CALL",
        "outcome": "COMPLETED",
        "tenant": TENANT,
        "api_key": "desk",
        "requested_model": fields.get("model", "gpt"),
        "model": "gpt",
        "provider": "openai",
        "upstream_model": "gpt-upstream",
        "method": "/tollway.proxy.v1.OpenAIService/CreateChatCompletion",
        "input_tokens": 10,
        "output_tokens": 2,
        "cost_nanos": 1,
        "currency_code": "USD",
        "price_version": "tests/1",
    }
    return LedgerEntry(call=call, **{**plain, **fields})


def charge(made: LedgerEntry) -> Charge:
    """What the call of an entry is charged."""
    tags = tuple(sorted(f"{name}={value}" for name, value in made.tags.items()))
    return Charge(
        counts=Counts(**{count: getattr(made, field) for count, field in COUNTS.items()}),
        cost=made.cost_nanos,
        requests=int(made.kind == LedgerEntry.CALL),
        failed=made.outcome == LedgerEntry.FAILED,
        dimensions=Dimensions(made.api_key, made.user, made.model, made.provider, made.upstream_model, tags),
        entry=made.SerializeToString(),
        unpriced=not made.price_version,
    )


async def book(client: Redis, made: LedgerEntry, *, at_ms: int | None = None) -> str:
    """Books an entry, at a time or now; its place in the ledger."""
    charged = charge(made)
    place = "*" if at_ms is None else f"{at_ms}-*"
    placed = (await client.xadd(keys.ledger(made.tenant), {"e": charged.entry}, id=place)).decode()
    hour = int(placed.partition("-")[0]) // HOUR_MS
    day, hour_of_day = divmod(hour, keys.HOURS_A_DAY)
    *names, tags = charged.dimensions
    prefix = "\x1f".join([str(hour_of_day), *names, ",".join(tags)])
    unpriced = charged.requests * charged.unpriced
    booked = (charged.requests, int(charged.failed), *charged.counts, charged.cost, unpriced)
    sums = dict(zip(keys.METRICS, booked, strict=True))
    for metric, amount in sums.items():
        if amount:
            await client.hincrby(keys.usage(made.tenant, day), f"{prefix}\x1f{metric}", amount)
    return placed
