"""Tells whether what came last on a connection was a part of a head, which has less time than a connection to wait."""

from __future__ import annotations

from typing import Final

HEAD_END: Final = b"\r\n\r\n"
"""Also what ends a body in chunks."""


def ends_with_body(data: bytes, size: int) -> bool:
    """Whether `data`, in which a head ends, ends with that request's body of `size` bytes. The head's end may have been
    cut in two: then `data` has the rest of it.
    """
    return size > 0 and HEAD_END.endswith(data[-size - len(HEAD_END) : -size])
