"""How the events of a stream stand on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def _server_sent(line: bytes) -> bytes:
    return b"data: %b\n\n" % line


@dataclass(frozen=True, slots=True)
class Framing:
    """One vendor's way: `frame` wraps an event's JSON, `first` and `between` stand before it. `done` is the mark of an
    answer that ended well, `end` stands at the end of every stream."""

    content_type: str = "text/event-stream; charset=utf-8"
    frame: Callable[[bytes], bytes] = _server_sent
    first: bytes = b""
    between: bytes = b""
    done: bytes = b""
    end: bytes = b""

    def pieces(self, lines: Iterable[bytes], *, done: bool) -> list[bytes]:
        """The stream of these events, one piece each, and its marks. `done` says whether it ended well."""
        pieces = [(self.between if number else self.first) + self.frame(line) for number, line in enumerate(lines)]
        marks = (self.done if done else b"", self.end)
        return pieces + [mark for mark in marks if mark]


SERVER_SENT = Framing()
"""Server-sent events without names or marks (WHATWG HTML, section 9.2)."""
