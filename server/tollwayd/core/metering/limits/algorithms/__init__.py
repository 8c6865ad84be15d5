"""How each algorithm counts: in memory, by integers alone. What the scripts of the store do is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.core.metering.limits.algorithms.bucket import Bucket
from tollwayd.core.metering.limits.algorithms.concurrency import Concurrency
from tollwayd.core.metering.limits.algorithms.sliding import Sliding
from tollwayd.core.metering.limits.algorithms.window import Window
from tollwayd.core.metering.limits.limit import Algorithm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tollwayd.core.metering.limits.algorithms.count import Count

COUNTS: Final[Mapping[Algorithm, Callable[[], Count]]] = {
    Algorithm.CONCURRENCY: Concurrency,
    Algorithm.FIXED: Window,
    Algorithm.CALENDAR: Window,
    Algorithm.SLIDING: Sliding,
    Algorithm.BUCKET: Bucket,
}
"""A count of each algorithm, with nothing taken."""
