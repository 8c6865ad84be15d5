"""Which targets a call tries, and in what order."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tollwayd.core.snapshot import Model, Target


def attempts(model: Model) -> Sequence[Target]:
    """All targets of a model in the order of one call: tier by tier, each drawn by weight without replacement."""
    tiers = model.tiers
    if len(tiers) == 1 and len(tiers[0]) == 1:
        return tiers[0]
    return [target for tier in tiers for target in _drawn(tier)]


def _drawn(tier: Sequence[Target]) -> Iterator[Target]:
    """Weighted sampling without replacement: the largest `u ** (1 / weight)` first (Efraimidis and Spirakis, 2006).

    A weight of 0 comes last: such a target is a fallback only.
    """
    return iter(sorted(tier, key=_ticket, reverse=True))


def _ticket(target: Target) -> float:
    return random.random() ** (1 / target.weight) if target.weight else -random.random()  # noqa: S311  # not a secret
