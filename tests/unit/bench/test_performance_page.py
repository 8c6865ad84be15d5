"""docs/performance.md shows what was recorded, and nothing else."""

import pytest

from tests.bench.cells.catalogue import CELLS, picked
from tests.bench.results.plot import plot
from tests.bench.results.recorded import PAGE, PLOT, made_page, newest
from tests.bench.results.targets import TARGETS, Target, rows


def test_the_table_is_that_of_the_newest_run():
    assert PAGE.read_text() == made_page(PAGE.read_text(), newest()), "make bench-report"


def test_the_plot_is_that_of_the_newest_run():
    assert PLOT.read_text() == plot(newest()["cells"]), "make bench-report"


def test_every_target_is_of_a_cell_that_is_measured():
    assert {target.cell for target in TARGETS} <= {cell.name for cell in CELLS}


CELL = {"memory": {"figures": {"strict": {"rps": 50.0}, "envoy": {"rps": 100.0}}}}


@pytest.mark.parametrize(
    ("target", "value", "met"),
    [
        (Target("a", "memory", "strict", "rps", 60), 50, False),
        (Target("a", "memory", "strict", "rps", 60, costs=True), 50, True),
        (Target("a", "memory", "strict", "rps", 0.5, of="envoy"), 0.5, True),
        (Target("a", "memory", "strict", "rps", 0.6, of="envoy"), 0.5, False),
    ],
)
def test_a_target_is_met_or_missed(target, value, met):
    assert target.reached(CELL) == value
    assert target.met(value) is met


def test_what_was_not_measured_is_told_as_that():
    assert Target("a", "growth", "few", "rps", 1).reached(CELL) is None
    assert Target("a", "memory", "strict", "rps", 1, of="echo").reached(CELL) is None
    assert all("not measured" in row for row in list(rows({}))[2:])


def test_cells_are_picked_as_a_shell_picks_files():
    assert [cell.name for cell in picked(["unary/1k/grpc-*", "memory"])] == [
        "unary/1k/grpc-typed",
        "unary/1k/grpc-raw",
        "memory",
    ]
    assert picked([]) == list(CELLS)
    with pytest.raises(ValueError, match="no/such"):
        picked(["no/such"])


def test_a_full_run_takes_about_as_long_as_is_said():
    assert 40 * 60 < sum(cell.seconds for cell in CELLS) < 45 * 60
