"""Entries of the ledger as rows of JSON and CSV."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import orjson

from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.admin.usage.csv_rows import harmless, written
from tollwayd.admin.usage.ledger_columns import COLUMNS, MONEY_PLACES, Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from google.protobuf.timestamp_pb2 import Timestamp

__all__ = ["csv_head", "csv_lines", "json_lines"]


def json_lines(entries: Iterable[LedgerEntry]) -> bytes:
    """A line with a JSON object for each entry."""
    return b"".join([orjson.dumps(_row(entry), option=orjson.OPT_APPEND_NEWLINE) for entry in entries])


def csv_head() -> bytes:
    """The header line."""
    return written([list(COLUMNS)]).encode()


def csv_lines(entries: Iterable[LedgerEntry]) -> bytes:
    """A line of RFC 4180 for each entry."""
    rows = [[cell(value) for cell, value in zip(_CELLS, _row(entry).values(), strict=True)] for entry in entries]
    return written(rows).encode()


def _row(entry: LedgerEntry) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(COLUMNS, _FIELDS(entry), strict=True))
    row["kind"] = LedgerEntry.Kind.Name(entry.kind)
    row["outcome"] = LedgerEntry.Outcome.Name(entry.outcome)
    row["tags"] = dict(sorted(entry.tags.items()))
    row["cost"] = _decimal(entry.cost_nanos)
    row["admit_time"] = _time(entry.admit_time) if entry.HasField("admit_time") else None
    row["book_time"] = _time(entry.book_time)
    return row


def _decimal(nanos: int) -> str:
    digits = str(abs(nanos)).rjust(MONEY_PLACES + 1, "0")
    return f"{'-' if nanos < 0 else ''}{digits[:-MONEY_PLACES]}.{digits[-MONEY_PLACES:]}"


def _time(moment: Timestamp) -> str:
    text: str = moment.ToJsonString()
    return text


def _same(value: Any) -> Any:
    return value


_OF_COLUMN: Final[dict[Column, Callable[[Any], str | int]]] = {
    Column.TEXT: harmless,
    Column.INTEGER: _same,
    Column.FLAG: lambda flag: "true" if flag else "false",
    Column.TIME: lambda time: time or "",
    Column.TAGS: lambda tags: orjson.dumps(tags).decode(),
    Column.MONEY: _same,
}
_CELLS: Final = [_OF_COLUMN[kind] for kind in COLUMNS.values()]
_FIELDS: Final = attrgetter(*["cost_nanos" if name == "cost" else name for name in COLUMNS])
