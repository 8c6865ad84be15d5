"""What `make bench-smoke` holds ratios against."""

import pytest

from tests.bench.results import bars
from tests.bench.smoke import CHECKS


@pytest.fixture
def no_bars(monkeypatch, tmp_path):
    monkeypatch.setattr(bars, "FILE", tmp_path / "bars.json")


def test_every_check_has_its_bar():
    assert set(bars.recorded()) == {check.name for check in CHECKS}


@pytest.mark.usefixtures("no_bars")
def test_bars_rise_by_themselves():
    bars.record({"a": 0.5, "b": 0.25}, lower=False)
    bars.record({"a": 0.75, "b": 0.25}, lower=False)
    assert bars.recorded() == {"a": 0.75, "b": 0.25}


@pytest.mark.usefixtures("no_bars")
def test_a_bar_falls_only_where_that_is_said():
    bars.record({"a": 0.5, "b": 0.25}, lower=False)
    with pytest.raises(bars.FallenError, match=r"b: 0.200, was 0.250"):
        bars.record({"a": 0.75, "b": 0.2}, lower=False)
    assert bars.recorded() == {"a": 0.5, "b": 0.25}
    bars.record({"a": 0.75, "b": 0.2}, lower=True)
    assert bars.recorded() == {"a": 0.75, "b": 0.2}
