"""Tables as CSV (RFC 4180), safe to be opened by a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["harmless", "written"]

_APOSTROPHE: Final = "'"
_RISKY: Final = frozenset("=+-@＝＋－＠" + _APOSTROPHE)  # noqa: RUF001  # Wide ones begin formulas, too.
"""Where spreadsheets take a text for a formula (OWASP, "CSV Injection"), and what stands before one that is none."""


def written(rows: Sequence[Sequence[Any]]) -> str:
    """The lines of some rows, every text in quotes."""
    text = io.StringIO()
    # With every text in quotes, a reader that takes semicolons for commas finds no cell of its own in one either.
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def harmless(text: str) -> str:
    """A text that no spreadsheet computes. What begins with an apostrophe gets another, so that one can always be cut
    off again."""
    return _APOSTROPHE + text if text and (text[0] in _RISKY or text[0].isspace()) else text
