"""What callers are told in headers: how they stand with their limits, and what a call used and cost."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tollwayd.core.dialect import Allowance
from tollwayd.core.metering.limits.limit import Algorithm
from tollwayd.core.metering.money import CURRENCY
from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.metering.limits.limit import Grants, Limit, Refusal
    from tollwayd.proxy.metering.entries import Used

MAX_TOLD: Final = 8
"""How many limits a caller is told of in one answer: the ones of which the smallest parts are left."""

MOST_KEPT: Final = 4096
"""Descriptions of limits that are kept, of as many policies."""

_UNITS: Final = {
    Unit.REQUESTS: "requests",
    Unit.INPUT_TOKENS: "input-tokens",
    Unit.OUTPUT_TOKENS: "output-tokens",
    Unit.TOTAL_TOKENS: "tokens",
    Unit.COST: f"nano-{CURRENCY.lower()}",
    Unit.CALLS: "concurrent-requests",
}
_IN_DIALECTS: Final = frozenset({Unit.REQUESTS, Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS, Unit.TOTAL_TOKENS})
_CLASSES: Final = ("input=", "cache-read=", "cache-write=", "cache-write-hour=", "output=", "reasoning=")
"""The words for `Counts`, in their order."""

EXPOSED: Final = (
    "ratelimit-policy",
    "ratelimit",
    *(f"x-ratelimit-{part}-{unit}" for unit in ("requests", "tokens") for part in ("limit", "remaining", "reset")),
    *(
        f"anthropic-ratelimit-{unit}-{part}"
        for unit in ("requests", "tokens", "input-tokens", "output-tokens")
        for part in ("limit", "remaining", "reset")
    ),
    "x-should-retry",
    "x-tollway-cost",
    "x-tollway-usage",
    "x-tollway-downgraded-to",
    "x-tollway-dropped",
)
"""All of these headers, for scripts of pages to read by name."""


class Told(msgspec.Struct, frozen=True, gc=False):
    """How a caller stands with a limit: how much that is at most at one time, how much is left, what part that is."""

    limit: Limit
    most: int
    left: int
    part: float
    reset_ms: int


_part_left: Final = attrgetter("part")


def told(answer: Grants | Refusal) -> Sequence[Told]:
    """The limits that the caller is told of, the tightest first. A provider's limits are no affair of callers, and
    those that only observe keep nobody from anything: who is told that nothing of one is left would wait in vain."""
    own: list[Told] = []
    for standing in answer.standings:
        limit, taken = standing.limit, standing.taken
        if limit.enforce and not limit.provider:
            whole = limit.burst if limit.algorithm is Algorithm.BUCKET else limit.limit
            left = whole - taken if whole > taken else 0
            own.append(Told(limit, whole, left, left / (whole or 1), standing.reset_ms))
    if len(own) > 1:
        own.sort(key=_part_left)
    return own[:MAX_TOLD]


def rate_limit(limits: Sequence[Told]) -> dict[str, str]:
    """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4). Units that the
    draft has no word for are named in ours, as without a word they would be requests."""
    policies, left = [], []
    for one in limits:
        limit = one.limit
        words = _words(limit.policy, limit.unit, limit.limit, limit.window_ms)
        policies.append(words.policy)
        time = "" if limit.algorithm is Algorithm.CONCURRENCY else f";t={-(-one.reset_ms // 1000)}"
        left.append(f"{words.left}{one.left}{time}")
    return {"ratelimit-policy": ", ".join(policies), "ratelimit": ", ".join(left)}


def allowances(limits: Sequence[Told], now_ms: int) -> Sequence[Allowance]:
    """The same as dialects have words for it, the tightest limit of each unit."""
    found: dict[Unit, Allowance] = {}
    for one in limits:
        unit = one.limit.unit
        if unit in _IN_DIALECTS and unit not in found:
            found[unit] = Allowance(_UNITS[unit], one.most, one.left, one.reset_ms, now_ms)
    return list(found.values())


class _Words(NamedTuple):
    """What is said of a limit, and what comes before how much of it is left."""

    policy: str
    left: str


@lru_cache(MOST_KEPT)
def _words(policy: str, unit: Unit, quota: int, window_ms: int) -> _Words:
    named = "" if unit is Unit.REQUESTS else f';qu="{_UNITS[unit]}"'
    window = f";w={-(-window_ms // 1000)}" if window_ms else ""
    return _Words(f'"{policy}";q={quota}{named}{window}', f'"{policy}";r=')


def usage_line(used: Used) -> str:
    """A usage as a dictionary of RFC 8941, section 3.2, without classes of which there are none."""
    members = [f"{name}{count}" for name, count in zip(_CLASSES, used.counts) if count]  # noqa: B905  # It takes time.
    if used.estimated:
        members.append("estimated")
    return ", ".join(members)
