"""Queries of usage: parts of hours, summed up by bucket and dimension, in pages."""

from __future__ import annotations

import json
import time
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from google.protobuf.timestamp_pb2 import Timestamp

from tollway.admin.v1.usage_pb2 import QueryUsageRequest, QueryUsageResponse, UsageDimensions, UsageRow
from tollwayd.admin.resources.filter import compile_filter
from tollwayd.admin.resources.page_token import listing_of
from tollwayd.admin.usage.buckets import HOUR_SECONDS, buckets
from tollwayd.core.errors import Reason, TollwayError, invalid_field
from tollwayd.core.metering.money import money
from tollwayd.core.metering.usage import Sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from google.protobuf.descriptor import Descriptor

    from tollwayd.admin.resources.page_token import PageTokens
    from tollwayd.admin.usage.buckets import Buckets
    from tollwayd.core.metering.charge import Dimensions
    from tollwayd.core.metering.usage import UsagePart
    from tollwayd.core.ports import UsageStore

    Group = tuple[str, ...]

__all__ = ["DEFAULT_ROWS", "MAX_ROWS", "UsageQuery"]

DEFAULT_ROWS: Final = 1_000
"""As the proto says of `page_size`."""

MAX_ROWS: Final = 10_000
"""As the proto says of `page_size`; larger ones are taken as this (AIP-158)."""

MAX_GROUPS: Final = 50_000
"""Rows that are summed up at once: about 30 MB while they are."""

_COLUMNS: Final = {
    QueryUsageRequest.API_KEY: "api_key",
    QueryUsageRequest.USER: "user",
    QueryUsageRequest.MODEL: "model",
    QueryUsageRequest.PROVIDER: "provider",
    QueryUsageRequest.UPSTREAM_MODEL: "upstream_model",
}
_FIELDS: Final = (
    "calls",
    "failed_calls",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_hour_tokens",
    "output_tokens",
    "reasoning_tokens",
)
"""The counts of a row in the order of Sums."""


class _Place(NamedTuple):
    """Where a page begins: the query's end, the start of a bucket, and the digest of the last group told of it."""

    end: int
    start: int
    group: str


class _Row(NamedTuple):
    bucket: int
    group: Group
    sums: list[int]


class UsageQuery:
    """Answers queries out of a UsageStore."""

    def __init__(self, usage: UsageStore, tokens: PageTokens) -> None:
        self._usage = usage
        self._tokens = tokens

    async def page(self, request: QueryUsageRequest) -> QueryUsageResponse:
        """The page that is asked for. REASON_FIELD_INVALID, REASON_FILTER_INVALID, REASON_PAGE_TOKEN_INVALID."""
        listing = listing_of(request)
        place = _read_place(self._tokens.read(request.page_token, listing)) if request.page_token else None
        divided = buckets(request, place.end if place else int(time.time()) // HOUR_SECONDS + 1)
        size = min(request.page_size or DEFAULT_ROWS, MAX_ROWS)
        rows = await self._rows(_Summing(request, divided), request.parent, divided, place, size)
        shown = rows[:size]
        token = ""
        if len(rows) > size:
            last = _Place(divided.end, divided.starts[shown[-1].bucket], _digest(shown[-1].group))
            token = self._tokens.issue(":".join(map(str, last)), listing)
        return QueryUsageResponse(rows=[_shown(row, request, divided) for row in shown], next_page_token=token)

    async def _rows(
        self, summing: _Summing, tenant: str, divided: Buckets, place: _Place | None, size: int
    ) -> list[_Row]:
        """The rows from a place on: all of them, or more than `size`, in their order."""
        rows: list[_Row] = []
        for first, last in divided.days(place.start if place else divided.start):
            async for batch in self._usage.parts(tenant, start_hour=first, end_hour=last):
                summing.add(batch)
            rows += summing.finished(last, place)
            if len(rows) > size:
                break
        return rows


class _Summing:
    """Rows under way. A bucket's are finished when all hours of it were added."""

    def __init__(self, request: QueryUsageRequest, divided: Buckets) -> None:
        self._divided = divided
        self._lets_through = compile_filter(request.filter, cast("Descriptor", UsageDimensions.DESCRIPTOR))
        self._group_of = _grouping(request)
        self._open: dict[int, dict[Group, list[int]]] = {}
        self._count = 0

    def add(self, parts: Sequence[UsagePart]) -> None:
        for hour, dimensions, sums in parts:
            if self._lets_through is None or self._lets_through(_as_message(dimensions)):
                row = self._row(self._divided.index(hour), self._group_of(dimensions))
                for place, amount in enumerate(sums):
                    row[place] += amount

    def finished(self, until: int, after: _Place | None) -> Iterator[_Row]:
        for bucket in sorted(self._open):
            if self._divided.end_of(bucket) <= until:
                rows = [_Row(bucket, group, sums) for group, sums in sorted(self._open.pop(bucket).items())]
                yield from _after(rows, after) if after and self._divided.starts[bucket] == after.start else rows

    def _row(self, bucket: int, group: Group) -> list[int]:
        groups = self._open.setdefault(bucket, {})
        row = groups.get(group)
        if row is None:
            self._count += 1
            if self._count > MAX_GROUPS:
                raise invalid_field(
                    "groupBy", f"makes more than {MAX_GROUPS} rows; group by less, filter, or take larger buckets"
                )
            row = groups[group] = [0] * len(Sums._fields)
        return row


def _read_place(text: str) -> _Place:
    end, start, group = text.split(":")
    return _Place(int(end), int(start), group)


def _digest(group: Group) -> str:
    """Stands for a group in page tokens, which names of users would make too long."""
    return blake2b(json.dumps(group).encode(), digest_size=16).hexdigest()


def _after(rows: list[_Row], place: _Place) -> list[_Row]:
    """Usage is never taken back, so the row that the token stands for is still there."""
    for index, row in enumerate(rows):
        if _digest(row.group) == place.group:
            return rows[index + 1 :]
    raise TollwayError(Reason.REASON_PAGE_TOKEN_INVALID)


def _grouping(request: QueryUsageRequest) -> Callable[[Dimensions], Group]:
    getters = [attrgetter(_COLUMNS[dimension]) for dimension in request.group_by]
    names = list(request.tags)

    def group_of(dimensions: Dimensions) -> Group:
        tags = _tags(dimensions) if names else {}
        return (*[get(dimensions) for get in getters], *[tags.get(name, "") for name in names])

    return group_of


def _tags(dimensions: Dimensions) -> dict[str, str]:
    return {name: value for name, _, value in (tag.partition("=") for tag in dimensions.tags)}


def _as_message(dimensions: Dimensions) -> UsageDimensions:
    return UsageDimensions(
        api_key=dimensions.api_key,
        user=dimensions.user,
        model=dimensions.model,
        provider=dimensions.provider,
        upstream_model=dimensions.upstream_model,
        tags=_tags(dimensions),
    )


def _shown(row: _Row, request: QueryUsageRequest, divided: Buckets) -> UsageRow:
    names = [_COLUMNS[dimension] for dimension in request.group_by]
    *counts, cost, unpriced = row.sums
    return UsageRow(
        start_time=Timestamp(seconds=divided.starts[row.bucket] * HOUR_SECONDS),
        end_time=Timestamp(seconds=divided.end_of(row.bucket) * HOUR_SECONDS),
        dimensions=UsageDimensions(
            **dict(zip(names, row.group, strict=False)),
            tags=dict(zip(request.tags, row.group[len(names) :], strict=True)),
        ),
        cost=money(cost),
        unpriced_calls=unpriced,
        **dict(zip(_FIELDS, counts, strict=True)),
    )
