"""What a JSON request holds beside text, found in its bytes: its content is not decoded for that.

Within a JSON string every quote is escaped, so no text can look like a member; and a member that is written with
escapes counts like any other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tollwayd.core.metering.prices.terms import CacheWrites

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ESCAPED_ASCII: Final = re.compile(rb"\\u00([2-7][0-9a-fA-F])")
_BACKSLASH: Final = ord("\\")
_MARK: Final = b'"cache_control"'
_TTL: Final = b'"ttl"'
_EMPTY: Final = frozenset({b"null", b"[]"})

BASE64: Final = b"base64"
"""Without it in a request, there is none in it."""

MAX_INLINE: Final = 1_000
"""Pieces of base64 that are looked for: more than providers take, and a few milliseconds. The rest counts as text."""


LONG: Final = 64 * 1024
"""Bytes of JSON from which on its texts are left out before anything is looked for: that takes a fifth of the time."""

LONG_TEXT: Final = 4 * 1024
"""Bytes of a text that is worth leaving out."""

LARGEST: Final = 1024 * 1024
"""Bytes of JSON whose texts are looked for at most: where it is all of empty objects, they take 22 times as much."""

_OBJECTS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NESTED: Final = 1  # Lists of parts in a list of messages.
_BEGINNING: Final = 64


def outside_texts(raw: bytes) -> bytes:
    """JSON without what stands in its long texts, where it is a long list of messages: all that is no text is still
    there, with the quotes around it.

    What is left out stands between two quotes, has no other that is not escaped, and is, byte for byte, a text. Should
    the quotes be the end of one text and the beginning of another, it has no member either: only what JSON has between.
    """
    if not LONG <= len(raw) <= LARGEST:
        return raw
    left, end = [], 0
    for text in _long_texts(raw, _NESTED):
        start = raw.find(text[:_BEGINNING], end)
        if start >= 0 and raw.startswith(text, start):
            left.append(raw[end : start + 1])
            end = start + len(text) - 1
    return b"".join([*left, raw[end:]])


def _long_texts(raw: bytes, nested: int) -> Iterator[bytes]:
    try:
        objects = _OBJECTS.decode(raw)
    except _UNREADABLE:
        return
    for value in (value for each in objects for value in each.values() if memoryview(value).nbytes >= LONG_TEXT):
        content = bytes(value)
        if content.startswith(b'"'):
            yield content
        elif nested:
            yield from _long_texts(content, nested - 1)


def plain(raw: bytes) -> bytes:
    """JSON with ASCII characters as themselves. A quote out of an escape can then end a text too early, and something
    be found that is not there; nothing that is there can hide."""
    if _BACKSLASH not in raw or b"\\u00" not in raw:  # A byte is found far faster.
        return raw
    return _ESCAPED_ASCII.sub(lambda found: bytes.fromhex(found[1].decode()), raw)


def cache_writes(body: bytes) -> CacheWrites:
    """What marks to be cached there may be anywhere in a request, Anthropic's `cache_control`."""
    raw = plain(body)
    if _MARK not in raw:
        return CacheWrites.NONE
    return CacheWrites.HOUR if _TTL in raw else CacheWrites.SHORT


def has(fields: Mapping[str, Any], name: str) -> bool:
    """Whether there is something in this list."""
    return name in fields and bytes(fields[name]) not in _EMPTY


def inline_bytes(raw: bytes, opening: re.Pattern[bytes]) -> int:
    """How many bytes stand between each opening and the next quote, in all: base64, where there is any. What is taken
    for that is no text to be paid for, so `raw` is as the caller wrote it, without escapes undone: an opening is then
    surely a member."""
    if BASE64 not in raw:
        return 0
    size = end = 0
    for _ in range(MAX_INLINE):
        if not (found := opening.search(raw, end)) or (end := raw.find(b'"', found.end())) < 0:
            break
        size += end - found.end()
    return size
