"""The columns of an exported ledger, the same in every format. Imports nothing: parquet_program.py runs by itself."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COLUMNS", "MONEY_DIGITS", "MONEY_PLACES", "Column"]

MONEY_DIGITS: Final = 19
"""Of 64 bits of nano-units."""

MONEY_PLACES: Final = 9
"""A nano-unit is the ninth place of a decimal."""


class Column(Enum):
    """What a column holds, and how a row of JSON has it."""

    TEXT = "a string"
    INTEGER = "an integer"
    FLAG = "true or false"
    TIME = "an RFC 3339 string with Z, null where unknown"
    TAGS = "an object of strings"
    MONEY = "a decimal with nine places, as a string"


COLUMNS: Final[Mapping[str, Column]] = {
    "entry": Column.TEXT,
    "call": Column.TEXT,
    "kind": Column.TEXT,
    "outcome": Column.TEXT,
    "tenant": Column.TEXT,
    "api_key": Column.TEXT,
    "user": Column.TEXT,
    "requested_model": Column.TEXT,
    "model": Column.TEXT,
    "provider": Column.TEXT,
    "upstream_model": Column.TEXT,
    "method": Column.TEXT,
    "tags": Column.TAGS,
    "streamed": Column.FLAG,
    "input_tokens": Column.INTEGER,
    "cache_read_tokens": Column.INTEGER,
    "cache_write_tokens": Column.INTEGER,
    "cache_write_hour_tokens": Column.INTEGER,
    "output_tokens": Column.INTEGER,
    "reasoning_tokens": Column.INTEGER,
    "estimated": Column.FLAG,
    "cost_nanos": Column.INTEGER,
    "cost": Column.MONEY,
    "currency_code": Column.TEXT,
    "price_version": Column.TEXT,
    "admit_time": Column.TIME,
    "book_time": Column.TIME,
}
