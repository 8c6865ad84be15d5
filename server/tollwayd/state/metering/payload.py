"""What the metering scripts are given and what they answer. The order of everything here is that of the scripts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from tollwayd.core.metering.limits.limit import Algorithm, Grants, Refusal, Standing
from tollwayd.core.metering.limits.reached import Reached
from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tollwayd.core.metering.charge import Charge, Dimensions
    from tollwayd.core.metering.limits.limit import Limit

SEPARATOR: Final = "\x1f"
"""Between the dimensions of usage."""

REFUSED, ADMITTED, MOVED_ON, OVER, LOST, UNKNOWN, UNHELD = range(7)
"""What the script answers a command, or the first number of that, as the heads of its parts tell."""

DAMAGED: Final = "DAMAGED "
"""What the script's error begins with where it cannot make sense of a record."""

MOST_KEPT: Final = 4_096
"""Dimensions that are kept as the scripts are given them, a few hundred bytes each."""

_STANDINGS: Final = 2  # Where the standings begin in an answer, each of four numbers.

_TOLD: Final = 7  # What is told of one threshold.

_STRING: Final = 5  # The head of a string whose length is written in four bytes.

_encode: Final = msgspec.msgpack.Encoder().encode


class Amounts(msgspec.Struct, array_like=True, frozen=True):
    """A charge as `booking.lua` reads it: what counts against limits by `Unit`, then what is summed up of usage."""

    requests: int
    all_input: int
    all_output: int
    total: int
    cost: int
    calls_under_way: int
    provider: str
    dimensions: str
    calls: int
    failed: int
    input: int
    cache_read: int
    cache_write: int
    cache_write_hour: int
    output: int
    reasoning: int
    cost_booked: int
    unpriced: int = 0


_amounts_of: Final = msgspec.msgpack.Decoder(Amounts).decode


def charge_bytes(charge: Charge) -> bytes:
    """A charge for the scripts, which look into it only when it is booked."""
    requests, counts, cost = charge.requests, charge.counts, charge.cost
    fresh, cache_read, cache_write, cache_write_hour, output, reasoning = counts
    all_input, all_output = fresh + cache_read + cache_write + cache_write_hour, output + reasoning
    failed, dimensions = requests if charge.failed else 0, charge.dimensions
    # The order is that of Amounts; to make one would take longer.
    limited = (requests, all_input, all_output, all_input + all_output, cost, 0)
    unpriced = requests if charge.unpriced else 0
    booked = (dimensions.provider, _joined(dimensions), requests, failed, *counts, cost, unpriced)
    entry = charge.entry
    # As `_string`, without a frame.
    return b"\xdb" + len(entry).to_bytes(4, "big") + entry + _encode(limited + booked)


@lru_cache(MOST_KEPT)
def _joined(dimensions: Dimensions) -> str:
    *names, tags = dimensions
    return SEPARATOR.join((*names, ",".join(tags)))


def pack(entry: bytes, amounts: Amounts) -> bytes:
    """A charge, put together from its parts; several can follow each other."""
    return _string(entry) + _encode(amounts)


def unpack(charge: bytes) -> tuple[bytes, Amounts]:
    """The parts of a charge: its entry and its amounts."""
    end = _STRING + int.from_bytes(charge[1:_STRING], "big")
    return charge[_STRING:end], _amounts_of(charge[end:])


def _string(value: bytes) -> bytes:
    # Redis's msgpack knows no binary, only strings, which may hold any bytes.
    return b"\xdb" + len(value).to_bytes(_STRING - 1, "big") + value


def limits_bytes(limits: Sequence[Limit], now_ms: int) -> bytes:
    """Limits for the scripts, with the calendar's windows around a moment."""
    words: list[tuple[object, ...]] = []
    for limit in limits:
        start, window = None, limit.window_ms
        if limit.algorithm is Algorithm.CALENDAR:
            assert limit.calendar
            start, end = limit.calendar.around(now_ms)
            window = end - start
        amounts = limit.amount, limit.least, limit.limit
        about = limit.enforce, limit.provider, limit.thresholds
        words.append((limit.bucket, limit.algorithm, limit.unit, *amounts, window, limit.burst, start, *about))
    return _encode(words)


NO_LIMITS: Final = limits_bytes((), 0)
"""Of a call that no limit has to admit."""


def decision(answer: Sequence[int], limits: Sequence[Limit], now_ms: int) -> Grants | Refusal:
    """What `reserve.lua` decided, at a time of the store's."""
    status, retry_ms = answer[:_STANDINGS]
    parts = iter(answer[_STANDINGS:])
    standings = [
        Standing(limit, granted, taken, reset_ms, bool(exceeded))
        for limit, granted, taken, reset_ms, exceeded in zip(limits, parts, parts, parts, parts, strict=False)
    ]
    if status == ADMITTED:
        return Grants(now_ms, standings)
    refused = [index for index, one in enumerate(standings) if one.exceeded and one.limit.enforce]
    return Refusal(now_ms, standings, refused, retry_ms if retry_ms >= 0 else None)


def reached(tenant: str, told: Sequence[int | bytes]) -> Iterator[Reached]:
    """The thresholds that a script says were reached."""
    for at in range(0, len(told), _TOLD):
        bucket, unit, threshold, limit, settled, start_ms, window_ms = told[at : at + _TOLD]
        assert isinstance(bucket, bytes)
        amounts = int(threshold), int(limit), int(settled)
        yield Reached(tenant, bucket.decode(), Unit(int(unit)), *amounts, int(start_ms), int(start_ms) + int(window_ms))
