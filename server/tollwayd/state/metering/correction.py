"""Corrections: what is booked when a call that was booked as lost is settled after all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.state.metering.payload import Amounts, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBERS: Final = tuple(name for name in Amounts.__struct_fields__ if name not in {"provider", "dimensions"})


def corrections(lost: bytes, true: bytes) -> bytes:
    """The charges to be booked after `lost` so that, for all dimensions, the sums are as if it had been `true`.

    None where nothing differs; one with the difference; or two, where the call was of other dimensions than it seemed.
    """
    lost_entry, was = unpack(lost)
    true_entry, is_ = unpack(true)
    if not lost_entry:
        return true if true_entry else b""
    if not true_entry:
        return _correction(lost_entry, was, _difference(was, None))
    if was.dimensions != is_.dimensions:
        return _correction(lost_entry, was, _difference(was, None)) + _correction(
            true_entry, is_, _difference(None, is_)
        )
    difference = _difference(was, is_)
    return _correction(true_entry, is_, difference) if any(difference.values()) else b""


def _difference(was: Amounts | None, is_: Amounts | None) -> Mapping[str, int]:
    return {name: getattr(is_, name, 0) - getattr(was, name, 0) for name in _NUMBERS}


def _correction(about: bytes, amounts: Amounts, difference: Mapping[str, int]) -> bytes:
    entry = LedgerEntry.FromString(about)
    entry.kind = LedgerEntry.CORRECTION
    entry.input_tokens = difference["input"]
    entry.cache_read_tokens = difference["cache_read"]
    entry.cache_write_tokens = difference["cache_write"]
    entry.cache_write_hour_tokens = difference["cache_write_hour"]
    entry.output_tokens = difference["output"]
    entry.reasoning_tokens = difference["reasoning"]
    entry.cost_nanos = difference["cost"]
    return pack(entry.SerializeToString(), msgspec.structs.replace(amounts, **difference))
