import random

import pytest

from tests.bench.results.verdict import Check, chance_of, is_bad, looks_well

BAR = 0.75


def noisy(median: float, rounds: int, seed: int) -> list[float]:
    """Ratios as a bad machine gives them: a third off either way at times."""
    randomly = random.Random(seed)
    return [median * randomly.lognormvariate(0, 0.2) for _ in range(rounds)]


def test_a_ratio_says_how_many_times_as_little_is_spent():
    figures = {"envoy": {"cpu_us": 50.0}, "strict": {"cpu_us": 100.0, "redis_cpu_us": 25.0}}
    assert Check("c", "strict", "cpu_us", "envoy").ratio(figures) == 0.5
    assert Check("c", "strict", "redis_cpu_us", "envoy", "cpu_us").ratio(figures) == 2


def test_a_round_that_was_about_other_figures_says_nothing():
    check = Check("c", "strict", "p50_ms", "envoy")
    assert check.is_in({"envoy": {"p50_ms": 1.0}, "strict": {"p50_ms": 2.0}})
    assert not check.is_in({"envoy": {"cpu_us": 50.0}, "strict": {"p50_ms": 2.0}})
    assert not check.is_in({"envoy": {"p50_ms": 1.0}})


def test_one_bad_round_does_not_ask_for_more():
    assert looks_well([1.0, 0.2, 0.9, 1.1, 1.0], BAR)


def test_what_has_fallen_by_a_third_is_bad_however_noisy():
    assert sum(is_bad(noisy(0.667 * BAR, 15, seed), BAR) for seed in range(200)) >= 190


def test_what_is_as_it_was_is_never_bad_and_what_is_at_the_bar_seldom():
    assert not any(is_bad(noisy(1.0, 15, seed), BAR) for seed in range(1000))
    assert sum(is_bad(noisy(BAR, 15, seed), BAR) for seed in range(1000)) <= 15


def test_few_rounds_prove_nothing():
    assert not is_bad([0.1] * 5, BAR)
    assert is_bad([0.1] * 7, BAR)


@pytest.mark.parametrize(("least", "tosses", "chance"), [(0, 5, 1), (5, 5, 1 / 32), (2, 3, 0.5), (14, 15, 16 / 32768)])
def test_the_chance_of_heads(least, tosses, chance):
    assert chance_of(least, tosses) == pytest.approx(chance)
