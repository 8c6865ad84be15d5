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
        return cls(Counts.of(usage), usage.estimated, Parts.of(usage))


_NOTHING: Final = Used(Counts(), estimated=False)


# Tenant, key, user, tags, requested model, model, method, whether it is streamed: a plain tuple is made fastest.
_Caller = tuple[str, str, str, tuple[str, ...], str, str, str, bool]


class _Same(NamedTuple):
    """What is the same of many calls: a piece of their entries, and their dimensions."""

    written: bytes
    dimensions: Dimensions


class Entries:
    """The entries of one call, for the model of a public name, that was admitted at a time (Unix seconds)."""

    __slots__ = ("_at", "_entry", "_of_caller", "_of_target", "_rare", "_target")

    def __init__(self, call: Call, model: str, at: float) -> None:
        principal, api_key, exchange, metadata = call.principal, call.api_key, call.exchange, call.metadata
        assert principal is not None
        assert api_key is not None
        assert exchange is not None
        user = fit(metadata[USER_HEADER]) if USER_HEADER in metadata else ""
        tags = tags_of(api_key.tags, metadata[TAGS_HEADER]) if TAGS_HEADER in metadata else api_key.tags
        self._at = at
        self._of_caller = _of_caller(
            (principal.tenant, principal.key, user, tags, exchange.model, model, call.method, exchange.stream)
        )
        # One message, filled in anew for each charge: to make one takes as long as to fill it.
        self._entry = LedgerEntry(call=call.id)
        self._rare = (0, 0, 0, 0)
        self._target: tuple[Target, str] | None = None  # What `_of_target` is of.
        self._of_target = self._of_caller
        seconds, micros = divmod(int(at * 1e6), 10**6)
        admitted = self._entry.admit_time
        admitted.seconds, admitted.nanos = seconds, micros * 1000

    def cost(self, price: Tariff, usage: Usage) -> int:
        """What a usage costs, in nano-units."""
        return price.cost(Counts.of(usage), self._at, Parts.of(usage))

    def charge(self, target: Target, price: Tariff | None, used: Used | None, outcome: LedgerEntry.Outcome) -> Charge:
        """What the call is charged of which a target has used so much; None for nothing at all."""
        counts, cost = (used or _NOTHING).counts, 0
        if used is not None and price is not None:
            # A provider that has done nothing asks for nothing, not even its price of a request.
            cost = price.cost(counts, self._at, used.parts)
        same = self._same(target, "" if price is None else price.version)
        entry = self._entry
        entry.outcome, entry.cost_nanos, entry.estimated = outcome, cost, (used or _NOTHING).estimated
        entry.input_tokens, entry.output_tokens = counts.input, counts.output
        if (rare := (*counts[1:4], counts.reasoning)) != self._rare:  # Most calls have none of these.
            self._rare = rare
            entry.cache_read_tokens, entry.cache_write_tokens, entry.cache_write_hour_tokens = rare[:3]
            entry.reasoning_tokens = counts.reasoning
        written = same.written + entry.SerializeToString()
        failed = outcome == LedgerEntry.FAILED
        return Charge(counts, cost, 1, failed, same.dimensions, written, unpriced=price is None)

    def _same(self, target: Target, price_version: str) -> _Same:
        if self._target != (about := (target, price_version)):
            self._target = about
            self._of_target = _of_target(self._of_caller, target.provider.name, target.model, price_version)
        return self._of_target


@lru_cache(MOST_KEPT)
def _of_caller(caller: _Caller) -> _Same:
    tenant, key, user, tags, requested_model, model, method, streamed = caller
    api_key = key.rpartition("/")[2]
    entry = LedgerEntry(
        kind=LedgerEntry.CALL,
        tenant=tenant,
        api_key=api_key,
        user=user,
        requested_model=requested_model,
        model=model,
        method=method[1:],
        streamed=streamed,
        currency_code=CURRENCY,
    )
    for tag in tags:
        name, _, value = tag.partition("=")
        entry.tags[name] = value
    return _Same(entry.SerializeToString(), Dimensions(api_key, user, model, tags=tags))


@lru_cache(MOST_KEPT)
def _of_target(caller: _Same, provider_name: str, model: str, price_version: str) -> _Same:
    provider = provider_name.rpartition("/")[2]
    entry = LedgerEntry(provider=provider, upstream_model=model, price_version=price_version)
    dimensions = caller.dimensions._replace(provider=provider, upstream_model=model)
    return _Same(caller.written + entry.SerializeToString(), dimensions)
