"""Thresholds of budgets that were reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tollwayd.core.metering.unit import Unit


class Reached(NamedTuple):
    """A threshold that what is settled has reached, in one window of one count.

    `bucket` is the count's name; amounts are in the unit, `start_ms` and `end_ms` Unix milliseconds.
    """

    tenant: str
    bucket: str
    unit: Unit
    threshold: int
    limit: int
    settled: int
    start_ms: int
    end_ms: int

    @property
    def policy(self) -> str:
        """The policy's id, or `tier/rule`."""
        # A count's name begins with its policy's, and that with no dot in it: see LimitRule.
        return self.bucket.partition(".")[0]

    @property
    def percent(self) -> int:
        """What part of the limit the threshold is, in hundredths."""
        return round(100 * self.threshold / self.limit) if self.limit else 100
