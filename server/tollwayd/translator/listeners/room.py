"""Room for new connections of a listener."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from tollwayd.core.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOOKED_AT: Final = 64
"""Of the oldest connections, for one without a request: to look at all of thousands would cost more than a request."""


class Held(Protocol):
    """A connection that the listener holds."""

    @property
    def waits(self) -> bool:
        """Whether no request is under way on it."""

    def force_close(self) -> None:
        """Closes it."""

    def turn_away(self, reason: Reason) -> None:
        """Closes it while it is new, and says why."""


def make_room(oldest_first: Iterable[Held], new: Held) -> None:
    """Closes the oldest connection without a request; where all of those looked at have one, the new one is turned
    away. So nobody can take the process's descriptors by holding connections.
    """
    for held in islice(oldest_first, _LOOKED_AT):
        if held is not new and held.waits:
            held.force_close()
            return
    new.turn_away(Reason.REASON_CONNECTIONS_EXHAUSTED)
