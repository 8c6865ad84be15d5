"""Ledger entries, and the charges that they are of.

An entry is written in pieces, as one protobuf message after another is the sum of both: what is the same for many calls
is kept, and of each call only what differs is written.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.metering.charge import Charge, Counts, Dimensions
from tollwayd.core.metering.money import CURRENCY
from tollwayd.proxy.metering.tags import TAGS_HEADER, USER_HEADER, fit, tags_of

if TYPE_CHECKING:
    from tollway.proxy.v1.inference_pb2 import Usage
    from tollwayd.core.call import Call
    from tollwayd.core.metering.price import Price
    from tollwayd.core.snapshot import Target

MOST_KEPT: Final = 4096
"""Pieces of entries that are kept, a few hundred bytes each: of as many keys, users and models."""

_NONE: Final = Counts()


class Used(NamedTuple):
    """What a call has used, and whether the gateway estimated it."""

    counts: Counts
    estimated: bool

    @classmethod
    def of(cls, usage: Usage) -> Used:
        """The same of a usage."""
        return cls(Counts.of(usage), usage.estimated)


class _Caller(NamedTuple):
    tenant: str
    api_key: str
    user: str
    tags: tuple[str, ...]
    requested_model: str
    model: str
    method: str
    streamed: bool


class Entries:
    """The entries of one call, for the model of a public name, that was admitted at a time (Unix seconds)."""

    __slots__ = ("_at", "_caller", "_head")

    def __init__(self, call: Call, model: str, at: float) -> None:
        principal, api_key, exchange, metadata = call.principal, call.api_key, call.exchange, call.metadata
        assert principal is not None
        assert api_key is not None
        assert exchange is not None
        self._at = at
        self._caller = caller = _Caller(
            principal.tenant,
            principal.key.rpartition("/")[2],
            fit(metadata[USER_HEADER]) if USER_HEADER in metadata else "",
            tags_of(api_key.tags, metadata.get(TAGS_HEADER, "")),
            exchange.model,
            model,
            call.method[1:],
            exchange.stream,
        )
        own = LedgerEntry(call=call.id)
        own.admit_time.FromMicroseconds(int(at * 1e6))
        self._head = _of_caller(caller) + own.SerializeToString()

    def cost(self, price: Price, usage: Usage) -> int:
        """What a usage costs, in nano-units."""
        return price.cost(Counts.of(usage), self._at)

    def charge(self, target: Target, price: Price | None, used: Used | None, outcome: LedgerEntry.Outcome) -> Charge:
        """What the call is charged of which a target has used so much; None for nothing at all."""
        counts, cost = _NONE, 0
        entry = LedgerEntry(outcome=outcome)
        if used is not None:  # A provider that has done nothing asks for nothing, not even its price of a request.
            counts = used.counts
            if price is not None:
                cost = price.cost(counts, self._at)
            entry = LedgerEntry(
                outcome=outcome,
                input_tokens=counts.input,
                cache_read_tokens=counts.cache_read,
                cache_write_tokens=counts.cache_write,
                cache_write_hour_tokens=counts.cache_write_hour,
                output_tokens=counts.output,
                reasoning_tokens=counts.reasoning,
                estimated=used.estimated,
                cost_nanos=cost,
            )
        provider = target.provider.name.rpartition("/")[2]
        caller = self._caller
        dimensions = Dimensions(caller.api_key, caller.user, caller.model, provider, target.model, caller.tags)
        of_target = _of_target(provider, target.model, "" if price is None else price.version)
        written = self._head + of_target + entry.SerializeToString()
        return Charge(counts, cost, 1, outcome == LedgerEntry.FAILED, dimensions, written)


@lru_cache(MOST_KEPT)
def _of_caller(caller: _Caller) -> bytes:
    entry = LedgerEntry(
        kind=LedgerEntry.CALL,
        tenant=caller.tenant,
        api_key=caller.api_key,
        user=caller.user,
        requested_model=caller.requested_model,
        model=caller.model,
        method=caller.method,
        streamed=caller.streamed,
        currency_code=CURRENCY,
    )
    for tag in caller.tags:
        name, _, value = tag.partition("=")
        entry.tags[name] = value
    return entry.SerializeToString()


@lru_cache(MOST_KEPT)
def _of_target(provider: str, model: str, price_version: str) -> bytes:
    entry = LedgerEntry(provider=provider, upstream_model=model, price_version=price_version)
    return entry.SerializeToString()
