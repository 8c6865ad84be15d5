"""How much a model has said in an answer whose JSON nobody reads.

It is asked for seldom: of an answer that broke off, and every few seconds of one that is long. So blocks are only kept
as they pass, and looked through when there are many, or when somebody asks. Of those that say a text and nothing else
only the text is kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from tollwayd.core.dialect import Said
from tollwayd.dialects.text_mould import Mould

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

KEPT_BYTES: Final = 8 * 1024
"""Of blocks that are kept unread: some 30 events, and little enough for thousands of streams at once."""

KEPT_TEXTS: Final = 64
"""Of texts that are kept, some 3 KB: one by one, to measure them would cost more than all else."""

LONG_TEXT: Final = 256
"""Bytes of a text with which all that are kept are measured, so that they are 16 KB at most: few models say as much at
once, and of a text as long the measuring is no great part of what it costs."""

_MANY: Final = 16
"""Events of a block from which on it is worth it to look at the first ones by themselves: most of the others are like
one of them."""

_FIRST: Final = 3

_BLANK_LINE: Final = b"\n\n"

_PATIENCE: Final = 8
"""Moulds that are made in vain: where every event differs, they are not worth their making."""

_TEXT: Final = msgspec.json.Decoder(str)


def pattern(*members: str) -> re.Pattern[bytes]:
    """Finds the texts of these members, each with its member's name. Within a JSON string every quote is escaped, so
    what a model writes cannot look like a member."""
    names = "|".join(members).encode()
    return re.compile(rb'"(%b)"\s*:\s*"([^"\\]+(?:\\.[^"\\]*)*|(?:\\.[^"\\]*)+)"' % names, re.DOTALL)


class SaidText:
    """Adds up the texts in the blocks of one answer. `sums` says how much of each member counts."""

    __slots__ = ("_blocks", "_found", "_mould", "_patience", "_pattern", "_size", "_sum", "_texts")

    def __init__(self, found_by: re.Pattern[bytes], sums: Callable[[Mapping[bytes, Said]], Said]) -> None:
        self._pattern = found_by
        self._sum = sums
        self._blocks: list[bytes] = []
        self._size = 0
        self._found: dict[bytes, Said] = {}
        self._mould: Mould | None = None
        self._patience = _PATIENCE
        self._texts: list[bytes] = []

    def takes(self, block: bytes) -> bool:
        """Takes a block in that says a text and nothing else, as far as that can be told by the one `learn` was given;
        whether it is one."""
        if self._mould is None or (text := self._mould.text_in(block)) is None:
            return False
        if text:
            self._texts.append(text)
            if len(self._texts) > KEPT_TEXTS or len(text) > LONG_TEXT:
                self._measure_texts()
        return True

    def parts(self, block: bytes) -> Iterator[tuple[bytes, bool]]:
        """A block of several events in pieces: each one and whether it has been taken in, as by `takes`. The others are
        to be looked at, and learned from, one by one."""
        apart = _FIRST if block.count(_BLANK_LINE) >= _MANY else 0
        while block:
            if end := self._take_run(block):
                apart = 0
            yield block[: (cut := end or (block.find(_BLANK_LINE) + 2 if apart else len(block)))], end > 0
            apart = max(0, apart - 1)
            block = block[cut:]

    def _take_run(self, block: bytes) -> int:
        if self._mould is None:
            return 0
        texts, end = self._mould.run_in(block)
        self._texts += filter(None, texts)
        if len(self._texts) > KEPT_TEXTS or end > KEPT_BYTES:
            self._measure_texts()
        return end

    def learn(self, block: bytes) -> bool:
        """Has `takes` know blocks like this one, in which there is nothing to be seen to but maybe text; whether it
        does from now on."""
        if not self._patience or len(block) > KEPT_BYTES or (mould := Mould.of(block, self._pattern)) is None:
            return False
        self._measure_texts()
        self._patience -= 1
        self._mould = mould
        return True

    def add(self, block: bytes) -> None:
        """Takes any block in."""
        self._blocks.append(block)
        self._size += len(block)
        if self._size > KEPT_BYTES:
            self._look_through()

    def said(self) -> Said:
        """All that was said so far."""
        if self._blocks:
            self._look_through()
        self._measure_texts()
        return self._sum(self._found)

    def _look_through(self) -> None:
        texts = self._pattern.findall(b"".join(self._blocks))
        for member in {member for member, _ in texts}:
            self._count(member, [text for of, text in texts if of == member])
        self._blocks = []
        self._size = 0

    def _measure_texts(self) -> None:
        if self._texts and self._mould is not None:
            self._count(self._mould.member, self._texts)
            self._texts = []
            self._patience = _PATIENCE

    def _count(self, member: bytes, pieces: list[bytes]) -> None:
        self._found[member] = self._found.get(member, Said()).plus(_measured(pieces))


def _measured(pieces: list[bytes]) -> Said:
    raw = b"".join(pieces)
    try:
        text = _TEXT.decode(b'"%b"' % raw)
    except (msgspec.DecodeError, UnicodeDecodeError):  # Half of a surrogate pair, say.
        text = raw.decode("utf-8", "replace")
    return Said.of(text, len(pieces))
