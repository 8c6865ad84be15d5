"""What a JSON request holds beside text, found in its bytes: its content is not decoded for that.

Within a JSON string every quote is escaped, so no text can look like a member; and a member that is written with
escapes counts like any other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ESCAPED_ASCII: Final = re.compile(rb"\\u00([2-7][0-9a-fA-F])")
_BASE64: Final = b"base64"
_EMPTY: Final = frozenset({b"null", b"[]"})


def content(fields: Mapping[str, Any], *names: str) -> bytes:
    """The JSON of these fields, with ASCII characters as themselves. A quote out of an escape can then end a text too
    early, and something be found that is not there; nothing that is there can hide."""
    given = [bytes(fields[name]) for name in names if name in fields]
    raw = given[0] if len(given) == 1 else b"".join(given)
    if b"\\u00" not in raw:
        return raw
    return _ESCAPED_ASCII.sub(lambda found: bytes.fromhex(found[1].decode()), raw)


def has(fields: Mapping[str, Any], name: str) -> bool:
    """Whether there is something in this list."""
    return name in fields and bytes(fields[name]) not in _EMPTY


def inline_bytes(raw: bytes, *openings: bytes) -> int:
    """How many bytes stand between one of the openings and the next quote, in all: base64, where there is any."""
    if _BASE64 not in raw:
        return 0
    return sum(_between(raw, opening) for opening in openings)


def _between(raw: bytes, opening: bytes) -> int:
    size = 0
    start = raw.find(opening)
    while start >= 0:
        start += len(opening)
        end = raw.find(b'"', start)
        if end < 0:
            break
        size += end - start
        start = raw.find(opening, end)
    return size
