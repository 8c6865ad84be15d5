"""JSON values one after another, or as the elements of one array, out of text that comes in pieces."""

from __future__ import annotations

import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import orjson

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_SPACE: Final = re.compile(rb"[ \t\r\n]*+")
_IN_STRING: Final = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_BRACKET_OR_QUOTE: Final = re.compile(rb'["{}\[\]]')
_SCALAR: Final = re.compile(rb'[^ \t\r\n,\[\]{}"]*+')

_NEXT: Final = {("begun", b"]"): "closed", ("passed", b"]"): "closed", ("passed", b","): "separated"}
"""What a byte between the values of an array makes of the state."""

_MAX_SCALAR_BYTES: Final = 1024
"""A number or a word that is longer is none that any field takes."""


async def values(chunks: AsyncGenerator[bytes, None], limit: int) -> AsyncGenerator[bytes, None]:
    """The values, each as soon as it is whole; `chunks` are closed with them.

    TollwayError: REASON_BODY_TOO_LARGE for one of more than `limit` bytes, REASON_JSON_INVALID where the text is no row
    of values. Whether a value is valid in itself is for its reader to say.
    """
    split = _Splitter()
    async with aclosing(chunks):
        async for chunk in chunks:
            split.text += chunk
            split.may_have_line = True
            while (value := split.next()) is not None:
                check_size(len(value), limit)
                yield value
            check_size(len(split.text), limit)
    split.ended = True
    while (value := split.next()) is not None:
        yield value
    split.check_end()


def check_size(size: int, limit: int) -> None:
    """REASON_BODY_TOO_LARGE for a message that is."""
    if size > limit:
        raise TollwayError(Reason.REASON_BODY_TOO_LARGE, f"A message is larger than {limit} bytes.")


class _Splitter:
    """`text` begins with the value that `next` looks for the end of; `_scanned` bytes of it are known already."""

    def __init__(self) -> None:
        self.text = bytearray()
        self.ended = False
        self.may_have_line = True
        self._scanned = 0
        self._depth = 0
        self._in_string = False
        self._place = _Place()

    def next(self) -> bytes | None:
        """The next whole value; None where there is none yet."""
        if not self._scanned and not self._place.reach_value(self.text):
            return None
        end = self._line_end() or self._value_end()
        if end is None:
            return None
        value = bytes(self.text[:end]).rstrip()
        del self.text[:end]
        self._scanned = 0
        self._place.pass_value()
        return value

    def check_end(self) -> None:
        """REASON_JSON_INVALID where the text broke off."""
        if self.text or not self._place.may_end:
            raise TollwayError(Reason.REASON_JSON_INVALID)

    def _line_end(self) -> int | None:
        """The value's end where it is one line, as it mostly is: that is told much faster than by its brackets."""
        if self._scanned or self._place.in_array or not self.may_have_line:
            return None
        end = self.text.find(b"\n")
        if end >= 0:
            try:
                orjson.loads(memoryview(self.text)[:end])
            except ValueError:
                pass  # Of many values in one line each would have all of the line read again.
            else:
                return end
        self.may_have_line = False
        return None

    def _value_end(self) -> int | None:
        if not self._scanned:
            first = self.text[:1]
            if first not in b'"{[':
                return self._scalar_end()
            self._in_string = first == b'"'
            self._depth = 0 if self._in_string else 1
            self._scanned = 1
        while self._leave_string() if self._in_string else self._reach_mark():
            if not self._depth and not self._in_string:
                return self._scanned
        return None

    def _scalar_end(self) -> int | None:
        scalar = _SCALAR.match(self.text)
        assert scalar is not None
        if scalar.end() == len(self.text) and not self.ended:
            if scalar.end() > _MAX_SCALAR_BYTES:
                raise TollwayError(Reason.REASON_JSON_INVALID)
            return None
        return scalar.end() or len(self.text)

    def _leave_string(self) -> bool:
        """Scans to the string's end; whether that is there."""
        inside = _IN_STRING.match(self.text, self._scanned)
        assert inside is not None
        self._scanned = inside.end()
        if self.text[self._scanned : self._scanned + 1] != b'"':
            return False
        self._scanned += 1
        self._in_string = False
        return True

    def _reach_mark(self) -> bool:
        """Scans to the next bracket or quote; whether there is one."""
        mark = _BRACKET_OR_QUOTE.search(self.text, self._scanned)
        if mark is None:
            self._scanned = len(self.text)
            return False
        self._scanned = mark.end()
        self._in_string = mark[0] == b'"'
        if not self._in_string:
            self._depth += 1 if mark[0] in b"{[" else -1
        return True


class _Place:
    """Where in the row of values the text is. It is an array where its first byte says so."""

    def __init__(self) -> None:
        self._array: bool | None = None
        self._state = "begun"

    @property
    def in_array(self) -> bool:
        """Whether the row is an array."""
        return bool(self._array)

    @property
    def may_end(self) -> bool:
        """Whether the row may end here."""
        return not self._array or self._state == "closed"

    def reach_value(self, text: bytearray) -> bool:
        """Drops what stands before the next value; whether one begins. REASON_JSON_INVALID where none may."""
        while first := _first(text):
            if self._array is None:
                self._array = first == b"["
                if self._array:
                    del text[:1]
                    continue
            if not self._array:
                return True
            if (state := _NEXT.get((self._state, first))) is None:
                if self._state in {"begun", "separated"} and first not in b"],":
                    return True
                raise TollwayError(Reason.REASON_JSON_INVALID)
            self._state = state
            del text[:1]
        return False

    def pass_value(self) -> None:
        """Goes behind a value."""
        self._state = "passed"


def _first(text: bytearray) -> bytes:
    """The first byte that is no space, with what stands before it dropped; empty where there is none."""
    space = _SPACE.match(text)
    assert space is not None
    del text[: space.end()]
    return bytes(text[:1])
