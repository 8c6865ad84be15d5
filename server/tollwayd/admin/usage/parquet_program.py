"""Makes a Parquet file on standard output of an exported ledger's JSON lines on standard input.

    python -m tollwayd.admin.usage.parquet_program <ledger.jsonl >ledger.parquet

A process of its own, because pyarrow takes 50 MB and more of memory and does not give them back.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from tollwayd.admin.usage.ledger_columns import COLUMNS, MONEY_DIGITS, MONEY_PLACES, Column

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROWS: Final = 10_000
"""Rows of one row group, all of which are in memory at once."""

_TYPES: Final[Mapping[Column, Any]] = {
    Column.TEXT: pa.string(),
    Column.INTEGER: pa.int64(),
    Column.FLAG: pa.bool_(),
    Column.TIME: pa.timestamp("us", tz="UTC"),
    Column.TAGS: pa.map_(pa.string(), pa.string()),
    Column.MONEY: pa.decimal128(MONEY_DIGITS, MONEY_PLACES),
}
_READ: Final[Mapping[Column, Callable[[Any], Any]]] = {
    Column.TIME: datetime.fromisoformat,
    Column.TAGS: lambda tags: list(tags.items()),
    Column.MONEY: Decimal,
}
_SCHEMA: Final = pa.schema([(name, _TYPES[kind]) for name, kind in COLUMNS.items()])


def write(lines: BinaryIO, file: BinaryIO) -> None:
    """Writes the rows of JSON lines as a Parquet file."""
    with ParquetWriter(file, _SCHEMA, compression="zstd") as writer:
        while rows := [json.loads(line) for line in islice(lines, ROWS)]:
            columns = [[_value(kind, row[name]) for row in rows] for name, kind in COLUMNS.items()]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=_SCHEMA))


def _value(kind: Column, value: Any) -> Any:
    read = _READ.get(kind)
    return value if read is None or value is None else read(value)


if __name__ == "__main__":
    write(sys.stdin.buffer, sys.stdout.buffer)
