"""A plot of a run: whole answers a second beside Envoy's, for each way and subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REFERENCE, FIGURE = "envoy", "c32_rps"
WIDTH, LABEL_WIDTH, BAR, GAP = 760, 230, 16, 26
SCALE = (WIDTH - LABEL_WIDTH - 70) / 1.25
"""Pixels of a ratio of 1; a bar ends at 1.25."""

COLOURS = {"key": "#7aa6d6", "strict": "#2f6db3", "leased": "#4f8fcf"}
OTHERS = "#b9b9b9"


def plot(cells: Mapping[str, Any]) -> str:
    """The SVG of recorded cells."""
    lines, height = [], 44
    for way, figures in _groups(cells):
        lines.append(f'<text x="8" y="{height + 12}" font-weight="bold">{escape(way)}</text>')
        height += GAP
        for subject, ratio in figures.items():
            lines += _bar(subject, ratio, height)
            height += BAR + 4
        height += 10
    one = LABEL_WIDTH + SCALE
    axis = f'<line x1="{one:.0f}" x2="{one:.0f}" y1="36" y2="{height}" stroke="#c33" stroke-dasharray="3"/>'
    title = "Whole answers of 1 KB a second of one core, 32 connections, beside a bare Envoy (1)"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-size="12">',
            "<style>text {font-family: sans-serif}</style>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            f'<text x="8" y="20" font-size="14">{escape(title)}</text>',
            *lines,
            axis,
            "</svg>\n",
        )
    )


def _groups(cells: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    """Each way with the ratios of its subjects."""
    for name, cell in cells.items():
        shape, _, rest = name.partition("/")
        figures = cell.get("figures", {})
        if shape != "unary" or not rest.startswith("1k/") or REFERENCE not in figures:
            continue
        theirs = figures[REFERENCE][FIGURE]
        yield (
            rest.partition("/")[2],
            {
                subject: each[FIGURE] / theirs
                for subject, each in figures.items()
                if subject not in {"direct", REFERENCE}
            },
        )


def _bar(subject: str, ratio: float, top: int) -> Iterator[str]:
    width = min(ratio, 1.25) * SCALE
    yield f'<text x="{LABEL_WIDTH - 8}" y="{top + 12}" text-anchor="end">{escape(subject)}</text>'
    colour = COLOURS.get(subject, OTHERS)
    yield f'<rect x="{LABEL_WIDTH}" y="{top}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>'
    yield f'<text x="{LABEL_WIDTH + width + 6:.1f}" y="{top + 12}">{ratio:.2f}</text>'
