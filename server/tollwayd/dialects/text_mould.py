"""The mould of a stream's events: most differ from the one before in a piece of text, and in nothing else.

To see that an event is one of these takes a few comparisons of bytes, a tenth of what it takes to look for all that an
event can tell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from typing import Self

# OpenAI's, behind all else: as many random characters as hide how long the text is.
_PADDING: Final = re.compile(rb'"obfuscation"\s*:\s*"[^"\\]*"[^"]*\Z')
_RETURN: Final = ord("\r")
_NEW_LINE: Final = ord("\n")
_QUOTE: Final = ord('"')
_ESCAPE: Final = ord("\\")
_TEXT: Final = msgspec.json.Decoder(str)


class Mould:
    """Knows the events that are like one that says a single text, under `member`, and nothing that has to be seen to.

    What follows the text is compared up to the last quote, of which the padding's are not counted: without a quote
    nothing can be said there but numbers, and nothing but an event's end ends a line.
    """

    __slots__ = ("_end", "_end_at", "_head", "_is_padded", "_least", "_tail", "_text_at", "member")

    def __init__(self, member: bytes, head: bytes, tail: bytes, end: bytes, *, is_padded: bool) -> None:
        self.member: Final = member
        self._head: Final = head
        self._text_at: Final = len(head)
        self._tail: Final = tail
        self._end: Final = end
        self._end_at: Final = -len(end)
        self._least: Final = len(head) + len(end)
        self._is_padded: Final = is_padded

    @classmethod
    def of(cls, block: bytes, texts: re.Pattern[bytes]) -> Self | None:
        """That of a block; `texts` finds the texts in it, each with its member. None where it is not one event with one
        text."""
        if b"\r" in block or block.find(b"\n\n") != len(block) - 2 or len(found := list(texts.finditer(block))) != 1:
            return None
        start, end = found[0].span(2)
        is_padded = _PADDING.search(block, end + 1) is not None
        last = block.rfind(b'"')
        tail = block[end : (block.rfind(b'"', 0, last) if is_padded else last) + 1]
        if tail.endswith(b'"index"'):
            return None  # Whose text it is says a number, and behind the last quote.
        mould = cls(found[0][1], block[:start], tail, block[end:], is_padded=is_padded)
        return None if mould.text_in(block) is None else mould

    def text_in(self, block: bytes) -> bytes | None:
        """The text in a block of whole events, as JSON writes it; None where it is not one event out of the mould."""
        if not block.startswith(self._head):
            return None
        # Most are the same in all that follows, too, and most texts are written as they are.
        if block.endswith(self._end) and len(block) >= self._least:
            text = block[self._text_at : self._end_at]
            if not (_QUOTE in text or _ESCAPE in text or _NEW_LINE in text or _RETURN in text):
                return text
        rest = block[self._text_at :]
        if rest.find(b"\n") != len(rest) - 2 or _RETURN in rest:
            return None
        last = rest.rfind(b'"')
        if self._is_padded:
            last = rest.rfind(b'"', 0, last)
        end = last + 1 - len(self._tail)
        if end < 0 or not rest.startswith(self._tail, end):
            return None
        text = rest[:end]
        return None if (_ESCAPE in text or _QUOTE in text) and not _is_one(text) else text

    def run_in(self, block: bytes) -> tuple[list[bytes], int]:
        """The texts of the events that a block begins with, as far as they are out of the mould and the same in all
        that follows their texts, too; and where the last of them ends. Each takes half of what `text_in` takes.
        """
        texts: list[bytes] = []
        if not block.startswith(self._head):
            return texts, 0
        head, end, least = self._head, self._end[:-2], self._least - 2
        text_at, end_at, ends = self._text_at, self._end_at + 2, 0
        for event in block.split(b"\n\n"):
            if not (event.startswith(head) and event.endswith(end)) or len(event) < least:
                break
            texts.append(event[text_at:end_at])
            ends += len(event) + 2
        said = b"".join(texts)
        if _NEW_LINE in said or _RETURN in said:
            return [], 0
        if (_ESCAPE in said or _QUOTE in said) and not all(map(_is_one, texts)):
            return [], 0
        return texts, ends


def _is_one(text: bytes) -> bool:
    try:
        _TEXT.decode(b'"%b"' % text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
