"""How many tokens a JSON request lets the model generate, and lowering that without touching another byte of it.

Providers differ in how strictly they read: some take a number in quotes, or a name in other letters. Whatever one of
them might follow is read here, and overwritten where a bound is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ASKED: Final = 10**9
"""No model generates so many tokens: who asks for more asks for this many, so that sums of money stay exact."""

_ANY: Final = msgspec.json.Decoder()
_ABSENT: Final = b"null"


def count(raw: Any) -> int | None:
    """A field's JSON as a count from 1 to MAX_ASKED; None for anything that bounds nothing. Servers there are take 0
    and less for no bound."""
    try:
        value = _ANY.decode(raw)
        number = int(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0
    except (ValueError, OverflowError, RecursionError):  # msgspec's DecodeError is a ValueError.
        return None
    return min(number, MAX_ASKED) if number > 0 else None


def asked(fields: Mapping[str, Any], names: frozenset[str]) -> int | None:
    """The largest count that one of the fields of these names, in whatever letters, asks for; None without any."""
    largest = None
    for name in fields:
        if name.casefold() in names and (found := count(fields[name])) is not None:
            largest = found if largest is None else max(largest, found)
    return largest


def bounded(fields: Mapping[str, Any], names: frozenset[str], name: str, tokens: int) -> dict[str, Any]:
    """The fields, each of these names asking for at most so many tokens: `name` where none was there."""
    given = {each: fields[each] for each in fields if each.casefold() in names and bytes(fields[each]) != _ABSENT}
    lowered = {each: _raw(min(count(raw) or tokens, tokens)) for each, raw in given.items()}
    return {**fields, **(lowered or {name: _raw(tokens)})}


def _raw(tokens: int) -> msgspec.Raw:
    return msgspec.Raw(b"%d" % tokens)
