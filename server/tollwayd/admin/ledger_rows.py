"""Entries of the ledger as rows of JSON and CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

import orjson

from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.admin.ledger_columns import COLUMNS, MONEY_PLACES, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from google.protobuf.timestamp_pb2 import Timestamp

__all__ = ["csv_head", "csv_lines", "json_lines"]

_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001  # Wide ones begin formulas, too.
"""What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection")."""

_APOSTROPHE: Final = "'"


def json_lines(entries: Iterable[LedgerEntry]) -> bytes:
    """A line with a JSON object for each entry."""
    return b"".join([orjson.dumps(_row(entry), option=orjson.OPT_APPEND_NEWLINE) for entry in entries])


def csv_head() -> bytes:
    """The header line."""
    return _written([list(COLUMNS)])


def csv_lines(entries: Iterable[LedgerEntry]) -> bytes:
    """A line of RFC 4180 for each entry."""
    kinds = COLUMNS.values()
    return _written(
        [[_cell(kind, value) for kind, value in zip(kinds, _row(entry).values(), strict=True)] for entry in entries]
    )


def _row(entry: LedgerEntry) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(entry, name, None) for name in COLUMNS}
    row["kind"] = LedgerEntry.Kind.Name(entry.kind)
    row["outcome"] = LedgerEntry.Outcome.Name(entry.outcome)
    row["tags"] = dict(sorted(entry.tags.items()))
    row["cost_nanos"] = entry.cost
    row["cost"] = _decimal(entry.cost)
    row["admit_time"] = _time(entry.admit_time) if entry.HasField("admit_time") else None
    row["book_time"] = _time(entry.book_time)
    return row


def _decimal(nanos: int) -> str:
    digits = str(abs(nanos)).rjust(MONEY_PLACES + 1, "0")
    return f"{'-' if nanos < 0 else ''}{digits[:-MONEY_PLACES]}.{digits[-MONEY_PLACES:]}"


def _time(moment: Timestamp) -> str:
    text: str = moment.ToJsonString()
    return text


def _written(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    # With every text in quotes, a reader that takes semicolons for commas finds no cell of its own in one either.
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cell(kind: Column, value: Any) -> str | int:
    match kind:
        case Column.INTEGER:
            return int(value)
        case Column.FLAG:
            return "true" if value else "false"
        case Column.TAGS:
            return orjson.dumps(value).decode()
        case Column.TEXT:
            return _harmless(value)
    return value or ""


def _harmless(text: str) -> str:
    """A text that no spreadsheet computes. What begins with an apostrophe gets another, so that one can always be cut
    off again."""
    bare = text.lstrip()
    return _APOSTROPHE + text if bare.startswith(_FORMULA) or bare != text or text.startswith(_APOSTROPHE) else text
