"""How much a model has said in an answer whose JSON nobody reads.

It is asked for seldom: of an answer that broke off, and every few seconds of one that is long. So blocks are only kept
as they pass, and looked through when there are many, or when somebody asks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from tollwayd.core.dialect import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEPT_BYTES: Final = 8 * 1024
"""Of blocks that are kept unread: some 30 events, and little enough for thousands of streams at once."""

_TEXT: Final = msgspec.json.Decoder(str)


def pattern(*members: str) -> re.Pattern[bytes]:
    """Finds the texts of these members, each with its member's name. Within a JSON string every quote is escaped, so
    what a model writes cannot look like a member."""
    names = "|".join(members).encode()
    return re.compile(rb'"(%b)"\s*:\s*"([^"\\]+(?:\\.[^"\\]*)*|(?:\\.[^"\\]*)+)"' % names, re.DOTALL)


class SaidText:
    """Adds up the texts in the blocks of one answer. `sums` says how much of each member counts."""

    __slots__ = ("_blocks", "_found", "_pattern", "_size", "_sum")

    def __init__(self, found_by: re.Pattern[bytes], sums: Callable[[Mapping[bytes, Said]], Said]) -> None:
        self._pattern = found_by
        self._sum = sums
        self._blocks: list[bytes] = []
        self._size = 0
        self._found: dict[bytes, Said] = {}

    def add(self, block: bytes) -> None:
        """Takes a block in."""
        self._blocks.append(block)
        self._size += len(block)
        if self._size > KEPT_BYTES:
            self._look_through()

    def said(self) -> Said:
        """All that was said so far."""
        if self._blocks:
            self._look_through()
        return self._sum(self._found)

    def _look_through(self) -> None:
        texts: dict[bytes, list[bytes]] = {}
        for member, text in self._pattern.findall(b"".join(self._blocks)):
            texts.setdefault(member, []).append(text)
        for member, pieces in texts.items():
            self._found[member] = self._found.get(member, Said()).plus(_measured(pieces))
        self._blocks = []
        self._size = 0


def _measured(pieces: list[bytes]) -> Said:
    raw = b"".join(pieces)
    try:
        text = _TEXT.decode(b'"%b"' % raw)
    except (msgspec.DecodeError, UnicodeDecodeError):  # Half of a surrogate pair, say.
        text = raw.decode("utf-8", "replace")
    return Said.of(text, len(pieces))
