"""The benchmark's table: a line for each cell."""

from __future__ import annotations

from typing import NamedTuple


class Cell(NamedTuple):
    """A figure and what it has to be: at least `target`, or at most where it `costs`; None where nothing is asked."""

    name: str
    figure: float
    unit: str
    target: float | None = None
    costs: bool = False
    note: str = ""

    @property
    def missed(self) -> bool:
        """Whether the figure is worse than its target."""
        if self.target is None:
            return False
        return self.figure > self.target if self.costs else self.figure < self.target


HEAD = f"{'':44}{'measured':>12} {'':18}{'target':>12}"


def line(cell: Cell) -> str:
    """The cell as a line of the table."""
    target = "" if cell.target is None else f"{'<=' if cell.costs else '>='} {_number(cell.target)}"
    note = ", ".join(part for part in ("MISSED" if cell.missed else "", cell.note) if part)
    return f"{cell.name:44}{_number(cell.figure):>12} {cell.unit:18}{target:>12}  {note}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
