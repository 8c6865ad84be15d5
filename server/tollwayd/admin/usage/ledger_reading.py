"""Entries of the ledger as requests ask for them: between two times, and through a filter."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, cast

from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.admin.resources.filter import compile_filter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from google.protobuf.descriptor import Descriptor

    from tollwayd.admin.resources.filter import Predicate
    from tollwayd.core.ports import Ledger

    Batches = AsyncGenerator[Sequence[LedgerEntry], None]

__all__ = ["CLOCK_SLACK_MS", "between", "filtered", "filtering", "start_of"]

CLOCK_SLACK_MS: Final = 60_000
"""By so much the clocks of the store and of gateways may differ before an entry lies where nobody looks for it."""

_ENTRY: Final = cast("Descriptor", LedgerEntry.DESCRIPTOR)


def between(ledger: Ledger, request: Any, *, start_ms: int, end_ms: int | None = None, after: str = "") -> Batches:
    """The entries from a start until the request's `end_time`, or else until an end, or else until now."""
    if request.HasField("end_time"):
        end_ms = request.end_time.ToMilliseconds()
    elif end_ms is None:
        end_ms = time.time_ns() // 1_000_000 + CLOCK_SLACK_MS
    return cast("Batches", ledger.entries(request.parent, start_ms=start_ms, end_ms=end_ms, after=after))


def filtering(text: str) -> Predicate:
    """What tells the entries that a filter lets through. REASON_FILTER_INVALID."""
    return compile_filter(text, _ENTRY) or (lambda _: True)


async def filtered(batches: Batches, lets_through: Predicate) -> Batches:
    """The entries that are let through, in batches that may be empty."""
    async with aclosing(batches):
        async for batch in batches:
            yield [entry for entry in batch if lets_through(entry)]


def start_of(request: Any) -> int:
    """The request's `start_time` in Unix milliseconds, the ledger's beginning where it has none."""
    start: int = request.start_time.ToMilliseconds()
    return start
