"""Ledger entries, and the charges that they are of.

An entry is written in pieces, as one protobuf message after another is the sum of both: what is the same for many calls
is kept, and of each call only what differs is written.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.metering.charge import Charge, Counts, Dimensions
from tollwayd.core.metering.money import CURRENCY
from tollwayd.core.metering.prices.parts import Parts
from tollwayd.proxy.metering.tags import TAGS_HEADER, USER_HEADER, fit, tags_of

if TYPE_CHECKING:
    from tollway.proxy.v1.inference_pb2 import Usage
    from tollwayd.core.call import Call
    from tollwayd.core.metering.prices.tariff import Tariff
    from tollwayd.core.snapshot import Target

MOST_KEPT: Final = 4096
"""Pieces of entries that are kept, a few hundred bytes each: of as many keys, users and models."""


class Used(msgspec.Struct, frozen=True, gc=False):
    """What a call has used, and whether the gateway estimated it."""

    counts: Counts
    estimated: bool
    parts: Parts | None = None

    @classmethod
    def of(cls, usage: Usage) -> Used:
        """The same of a usage."""
        return cls(Counts.of(usage), usage.estimated, Parts.of(usage) if usage.HasField("parts") else None)


_NOTHING: Final = Used(Counts(), estimated=False)


_ENTRY: Final = LedgerEntry()
"""What an entry has of its own, filled in anew for each charge: to make one takes longer than to fill it."""

_ADMITTED: Final = _ENTRY.admit_time

# Tenant, key, user, tags, requested model, model, method, whether it is streamed: a plain tuple is made fastest.
_Caller = tuple[str, str, str, tuple[str, ...], str, str, str, bool]


class _Same(NamedTuple):
    """What is the same of many calls: a piece of their entries, and their dimensions."""

    written: bytes
    dimensions: Dimensions


class Entries:
    """The entries of one call, for the model of a public name, that was admitted at a time (Unix seconds)."""

    __slots__ = ("_admitted", "_at", "_call", "_caller", "_price", "_same", "_target")

    def __init__(self, call: Call, model: str, at: float) -> None:
        principal, api_key, exchange, metadata = call.principal, call.api_key, call.exchange, call.metadata
        assert principal is not None
        assert api_key is not None
        assert exchange is not None
        user = fit(metadata[USER_HEADER]) if USER_HEADER in metadata else ""
        tags = tags_of(api_key.tags, metadata[TAGS_HEADER]) if TAGS_HEADER in metadata else api_key.tags
        self._call = call.id
        self._at = at
        seconds, micros = divmod(int(at * 1e6), 10**6)
        self._admitted = seconds, micros * 1000
        asked = exchange.model, model, call.method, exchange.stream
        self._caller: _Caller = (principal.tenant, principal.key, user, tags, *asked)
        self._target: Target | None = None
        self._price: Tariff | None = None
        self._same: _Same | None = None  # Of calls like this one, with that target and price.

    def cost(self, price: Tariff, usage: Usage) -> int:
        """What a usage costs, in nano-units."""
        return price.cost(Counts.of(usage), self._at, Parts.of(usage))

    def charge(self, target: Target, price: Tariff | None, used: Used | None, outcome: LedgerEntry.Outcome) -> Charge:
        """What the call is charged of which a target has used so much; None for nothing at all."""
        # A provider that has done nothing asks for nothing, not even its price of a request.
        cost = 0 if used is None or price is None else price.cost(used.counts, self._at, used.parts)
        used = used or _NOTHING
        same = self._same
        if same is None or target is not self._target or price is not self._price:
            version = "" if price is None else price.version
            same = self._same = _same(self._caller, target.provider.name, target.model, version)
            self._target, self._price = target, price
        entry, counts = _ENTRY, used.counts
        fresh, read, written, written_hour, output, reasoning = counts
        _ADMITTED.seconds, _ADMITTED.nanos = self._admitted
        entry.call, entry.outcome, entry.cost_nanos, entry.estimated = self._call, outcome, cost, used.estimated
        entry.input_tokens, entry.output_tokens = fresh, output
        whole = same.written + entry.SerializeToString()
        if read or written or written_hour or reasoning:  # Most calls have none of these.
            whole += _rare(counts)
        return Charge(counts, cost, 1, outcome == LedgerEntry.FAILED, same.dimensions, whole, unpriced=price is None)


def _rare(counts: Counts) -> bytes:
    _, read, written, written_hour, _, reasoning = counts
    return LedgerEntry(
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_hour_tokens=written_hour,
        reasoning_tokens=reasoning,
    ).SerializeToString()


@lru_cache(MOST_KEPT)
def _same(caller: _Caller, provider_name: str, upstream_model: str, price_version: str) -> _Same:
    tenant, key, user, tags, requested_model, model, method, streamed = caller
    api_key, provider = key.rpartition("/")[2], provider_name.rpartition("/")[2]
    entry = LedgerEntry(
        kind=LedgerEntry.CALL,
        tenant=tenant,
        api_key=api_key,
        user=user,
        requested_model=requested_model,
        model=model,
        provider=provider,
        upstream_model=upstream_model,
        method=method[1:],
        streamed=streamed,
        currency_code=CURRENCY,
        price_version=price_version,
    )
    for tag in tags:
        name, _, value = tag.partition("=")
        entry.tags[name] = value
    return _Same(entry.SerializeToString(), Dimensions(api_key, user, model, provider, upstream_model, tags))
