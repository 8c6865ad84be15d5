from array import array

from tests.bench.loads.generator import driven

S = 1_000_000_000


def records(*rows: tuple[int, int, int]) -> array:
    """Of load.c: when each was due, when it was done, and whether it is whole."""
    return array("q", [value for due, done, ok in rows for value in (due, due, done, done, ok)])


def test_a_closed_loop_counts_the_answers_that_came_in_its_time_after_the_warming_up():
    made = records((0, S, 1), (S, 2 * S, 1), (2 * S, 3 * S, 1), (3 * S, 5 * S, 0))
    load = driven(made, array("q"), 4, 1, open_loop=False).load
    assert load.rate == 2 / 3
    assert load.failed == 0


def test_an_open_loop_counts_all_that_was_due_and_what_never_was_answered_has_failed():
    made = records((0, S, 1), (S, 2 * S, 1), (2 * S, 9 * S, 1), (3 * S, 9 * S, 0))
    load = driven(made, array("q"), 4, 1, open_loop=True).load
    assert load.failed == 1
    assert load.p99 == 7000


def test_tokens_are_told_in_order_without_those_of_the_warming_up():
    stamps = array("q", [S // 2, 9, 2 * S, 3_000_000, 3 * S, 1_000_000])
    assert driven(records((0, S, 1)), stamps, 4, 1, open_loop=True).tokens == [1, 3]
