"""Routing: weights and priorities do what they say."""

from __future__ import annotations

import random
from collections import Counter

from tollwayd.core.routing import attempts
from tollwayd.core.snapshot import Model, Target

SEED = 20_261_123


def target(name: str, weight: int) -> Target:
    return Target(None, name, weight, 0, b"", b"")  # type: ignore[arg-type]  # routing does not look at the provider


def model(*tiers: tuple[Target, ...]) -> Model:
    return Model("tenants/t/models/m", "m", "", 0, tiers)


def test_weights_share_the_calls_of_a_tier():
    random.seed(SEED)
    pool = model((target("a", 3), target("b", 1), target("reserve", 0)))
    firsts = Counter(attempts(pool)[0].model for _ in range(8000))
    assert firsts["reserve"] == 0
    assert 0.72 < firsts["a"] / 8000 < 0.78, f"seed {SEED}"


def test_a_weight_of_zero_is_a_fallback_after_its_tier():
    pool = model((target("reserve", 0), target("a", 1)), (target("last", 5),))
    assert [each.model for each in attempts(pool)] == ["a", "reserve", "last"]


def test_a_lower_tier_comes_after_every_target_of_the_first():
    random.seed(SEED)
    pool = model((target("a", 1), target("b", 1)), (target("c", 1000),))
    orders = {tuple(each.model for each in attempts(pool)) for _ in range(200)}
    assert orders == {("a", "b", "c"), ("b", "a", "c")}, f"seed {SEED}"
