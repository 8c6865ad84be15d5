"""Figures as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def figures_lines(figures: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A table: a line for each figure, a column for each subject."""
    names = dict.fromkeys(name for each in figures.values() for name in each)
    yield "  " + " " * 28 + "".join(f"{subject:>14}" for subject in figures)
    for name in names:
        if not name.endswith("failed") or any(each.get(name) for each in figures.values()):
            yield f"  {name:28}" + "".join(f"{number(each.get(name)):>14}" for each in figures.values())


def number(value: float | None) -> str:
    """Three digits, or all before the point."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
