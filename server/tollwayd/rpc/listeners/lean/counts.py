"""What channelz tells of: numbers of listeners and connections, and how their calls went."""

from __future__ import annotations

from itertools import count
from typing import Final

FIRST_ID: Final = 1 << 40
"""Far above the numbers that grpcio gives, which start at 1 in each process."""

_numbers = count(FIRST_ID)


def new_id() -> int:
    """A number that no other listener or connection of the process has."""
    return next(_numbers)


class Counts:
    """Calls that began, and how those that are over ended."""

    __slots__ = ("failed", "started", "succeeded")

    def __init__(self) -> None:
        self.started = self.succeeded = self.failed = 0

    def end(self, *, succeeded: bool) -> None:
        """One is over."""
        if succeeded:
            self.succeeded += 1
        else:
            self.failed += 1
