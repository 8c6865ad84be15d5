"""Where a text stops being JSON, and what had to come there. Nothing of the text itself is said: it may be a secret."""

from __future__ import annotations

from json import JSONDecodeError
from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Mapping

_WANTED: Mapping[str, str] = {
    "Expecting property name enclosed in double quotes": "a name in double quotes has to come here",
    "Expecting value": "a value has to come here; strings take double quotes",
    "Expecting ':' delimiter": "a colon has to come here",
    "Expecting ',' delimiter": "a comma has to come here, or what ends the array or object",
    "Illegal trailing comma before end of array": "no comma may come before the end of an array",
    "Illegal trailing comma before end of object": "no comma may come before the end of an object",
    "Unterminated string starting at": "the string that begins here has no end",
    "Invalid control character at": "a control character in a string, such as a line break, is written as an escape",
    "Invalid \\escape": "there is no such escape; a backslash in a string is written twice",
    "Invalid \\uXXXX escape": "four hexadecimal digits have to come here",
    "Extra data": "nothing may follow the value",
    "Unexpected UTF-8 BOM (decode using utf-8-sig)": "the text may not begin with a byte order mark",
    "no low surrogate in string": "half of a pair of surrogates is no character",
}
"""What the standard library's reader, and in one case orjson's, says of a fault, in words for callers. What another
version of them says in other words is left out: it might quote the text."""


class TextError(ValueError):
    """What is wrong with a text that can be read; its own text is public."""


def refusal(fault: ValueError) -> TollwayError:
    """REASON_JSON_INVALID for what a reader raised: with line and column, both from 1 on, where these are known."""
    if isinstance(fault, TextError):
        return TollwayError(Reason.REASON_JSON_INVALID, f"The body is not valid JSON: {fault}.")
    if isinstance(fault, JSONDecodeError):
        ended = fault.pos >= len(fault.doc.rstrip())
        return _at(fault.lineno, fault.colno, "the text ends too early" if ended else _WANTED.get(fault.msg, ""))
    if isinstance(fault, UnicodeDecodeError):
        before = fault.object[: fault.start].decode()
        return _at(before.count("\n") + 1, len(before) - before.rfind("\n"), "this is not UTF-8")
    return TollwayError(Reason.REASON_JSON_INVALID)


def _at(line: int, column: int, wanted: str) -> TollwayError:
    return TollwayError(
        Reason.REASON_JSON_INVALID,
        f"The body is not valid JSON at line {line}, column {column}{': ' if wanted else ''}{wanted}.",
        metadata={"line": str(line), "column": str(column)},
    )
