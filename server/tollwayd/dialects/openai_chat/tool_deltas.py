"""Tool calls in a stream: their pieces joined, and put one call after the other.

OpenAI names a call's id and tool in its first piece only and joins the rest by `index`. Compatible servers leave the
index out (Mistral, Gemini), give every call the index 0 (Ollama), or no ids (SGLang).
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tollwayd.dialects.openai_chat.answer_shapes import ToolCall

MAX_ARGUMENTS = 16 * 1024 * 1024
"""Characters of ids, names and arguments in one answer, which are kept until it ends."""

MAX_CALLS = 1_000
"""Calls in one answer: no model makes as many at once, and each is kept until the answer ends."""

_SYNTAX = msgspec.json.Decoder(msgspec.Raw)
_MARKS: Final = re.compile(r'\\.|["{}\[\]\\]', re.DOTALL)


class _Brackets:
    """Whether all brackets that a text opens are closed, seen piece by piece and without looking back."""

    __slots__ = ("_depth", "_escapes", "_in_string", "_opened")

    def __init__(self) -> None:
        self._depth = 0
        self._opened = False
        self._in_string = False
        self._escapes = False

    def add(self, piece: str) -> None:
        if self._escapes and piece:
            piece, self._escapes = piece[1:], False
        for mark in _MARKS.findall(piece):
            if mark == '"':
                self._in_string = not self._in_string
            elif mark == "\\":  # The last character: what it escapes comes with the next piece.
                self._escapes = True
            elif self._in_string:
                continue
            elif mark in "{[":
                self._depth += 1
                self._opened = True
            elif mark in "}]":
                self._depth -= 1

    def are_closed(self) -> bool:
        return self._opened and not self._depth


class StreamedCall:
    """A tool call as far as it has come. `place` is its place among the answer's calls, from 0."""

    __slots__ = ("_brackets", "_is_json", "_looked_at", "id", "name", "pieces", "place")

    def __init__(self, place: int, delta: ToolCall) -> None:
        self.place = place
        self.id = delta.id or ""
        self.name = delta.name
        self.pieces: list[str] = []
        self._brackets = _Brackets()
        self._looked_at = 0
        self._is_json: bool | None = None

    def is_whole(self) -> bool:
        """Whether the arguments are JSON text with nothing missing. Looks at each piece once, and at all together when
        the brackets are closed: what is no JSON then is none with more behind it."""
        for piece in self.pieces[self._looked_at :]:
            self._brackets.add(piece)
        self._looked_at = len(self.pieces)
        if self._is_json is None and self._brackets.are_closed():
            self._is_json = _is_json("".join(self.pieces))
        return bool(self._is_json)


def _is_json(text: str) -> bool:
    try:
        _SYNTAX.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


class ToolDeltas:
    """The calls of one answer. A call is current from its first piece until the next one begins.

    Pieces of several calls may come mixed. Then the later calls wait, with what has come of them, until the current
    one is whole or the answer ends, so that a caller always gets one call after the other and nothing is lost.
    """

    __slots__ = ("_by_id", "_by_index", "_count", "_last", "_size", "_waiting", "current")

    def __init__(self) -> None:
        self.current: StreamedCall | None = None
        self._waiting: deque[StreamedCall] = deque()
        self._by_index: dict[int, StreamedCall] = {}
        self._by_id: dict[str, StreamedCall] = {}
        self._last: StreamedCall | None = None
        self._count = 0
        self._size = 0

    def add(self, delta: ToolCall) -> str:
        """Takes a piece in and gives the arguments in it that belong to the current call; empty where none do.

        REASON_UPSTREAM_INVALID for a piece of a call that has ended before, too many of them or too many calls.
        """
        call = self._find(delta) or self._begin(delta)
        arguments = delta.arguments
        if not arguments:
            return ""
        self._grow(len(arguments))
        if not (call is self.current or call in self._waiting):
            raise TollwayError(Reason.REASON_UPSTREAM_INVALID)
        call.pieces.append(arguments)
        return arguments if call is self.current else ""

    def turn(self) -> Iterator[StreamedCall]:
        """The calls that become current now, in order; each has in `pieces` what has come of it."""
        while self._waiting and (self.current is None or self.current.is_whole()):
            self.current = self._waiting.popleft()
            yield self.current

    def end(self) -> Iterator[StreamedCall]:
        """The calls that still wait, in order. None is current after them."""
        while self._waiting:
            yield self._waiting.popleft()
        self.current = None

    def __len__(self) -> int:
        return self._count

    def _begin(self, delta: ToolCall) -> StreamedCall:
        if self._count == MAX_CALLS:
            raise TollwayError(Reason.REASON_UPSTREAM_INVALID)
        call = StreamedCall(self._count, delta)
        self._grow(len(call.id) + len(call.name))
        self._count += 1
        self._waiting.append(call)
        self._last = call
        if delta.index is not None:
            self._by_index[delta.index] = call
        if call.id:
            self._by_id[call.id] = call
        return call

    def _grow(self, characters: int) -> None:
        self._size += characters
        if self._size > MAX_ARGUMENTS:
            raise TollwayError(Reason.REASON_UPSTREAM_INVALID)

    def _find(self, delta: ToolCall) -> StreamedCall | None:
        """The call that a piece goes on with; None where it begins one."""
        if delta.id and delta.id in self._by_id:
            return self._by_id[delta.id]
        known = self._last if delta.index is None else self._by_index.get(delta.index)
        # A tool's name begins a call, even under an index that was given before, unless it repeats the first piece's;
        # an id alone does not, for there are servers that give each piece a new one.
        if known is not None and delta.name and (delta.id or not known.id):
            return None
        return known
