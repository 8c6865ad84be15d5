"""Pages of the ledger's entries."""

from __future__ import annotations

import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from tollway.admin.v1.usage_pb2 import SearchLedgerEntriesResponse
from tollwayd.admin.resources.listing import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from tollwayd.admin.resources.page_token import listing_of
from tollwayd.admin.usage.ledger_reading import CLOCK_SLACK_MS, between, filtering, start_of

if TYPE_CHECKING:
    from tollway.admin.v1.ledger_pb2 import LedgerEntry
    from tollway.admin.v1.usage_pb2 import SearchLedgerEntriesRequest
    from tollwayd.admin.resources.filter import Predicate
    from tollwayd.admin.resources.page_token import PageTokens
    from tollwayd.core.ports import Ledger

__all__ = ["LedgerSearch"]

MAX_BATCHES: Final = 200
"""Batches of entries that are looked through for one page, 20,000 entries: a few hundred milliseconds."""

BOOKED_WITHIN_MS: Final = 8 * 24 * 3_600_000
"""After a call began: a day for the call, and seven for which a correction may still come."""

_CALL: Final = re.compile("[0-9a-f]{32}")  # As `core.call.new_call_id` makes them.


class LedgerSearch:
    """Finds entries."""

    def __init__(self, ledger: Ledger, tokens: PageTokens) -> None:
        self._ledger = ledger
        self._tokens = tokens

    async def page(self, request: SearchLedgerEntriesRequest) -> SearchLedgerEntriesResponse:
        """The page that is asked for. REASON_FILTER_INVALID, REASON_PAGE_TOKEN_INVALID."""
        listing = listing_of(request)
        after = self._tokens.read(request.page_token, listing) if request.page_token else ""
        found, last = await self._scan(request, filtering(request.filter), after)
        token = self._tokens.issue(last, listing) if last else ""
        return SearchLedgerEntriesResponse(entries=found, next_page_token=token)

    async def _scan(
        self, request: SearchLedgerEntriesRequest, lets_through: Predicate, after: str
    ) -> tuple[list[LedgerEntry], str]:
        """What is found, and the last entry looked at, empty where none follows it."""
        found: list[LedgerEntry] = []
        size = min(request.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
        start_ms, end_ms = _bounds(request)
        left = MAX_BATCHES
        async with aclosing(between(self._ledger, request, start_ms=start_ms, end_ms=end_ms, after=after)) as batches:
            async for batch in batches:
                if not left:
                    return found, after
                left -= 1
                for entry in batch:
                    if len(found) == size:
                        return found, after
                    after = entry.entry
                    if request.call in ("", entry.call) and lets_through(entry):
                        found.append(entry)
        return found, ""


def _bounds(request: SearchLedgerEntriesRequest) -> tuple[int, int | None]:
    """Where to begin and, where the request has no end of its own, to end, in Unix milliseconds."""
    if request.HasField("start_time") or not _CALL.fullmatch(request.call):
        return start_of(request), None
    # The id begins with the time at which it was made (RFC 9562).
    begun = int(request.call[:12], 16)
    return begun - CLOCK_SLACK_MS, begun + BOOKED_WITHIN_MS
