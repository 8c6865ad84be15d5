"""Which records cannot be used, and why."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from google.protobuf.message import DecodeError

from tollwayd.core.errors import TollwayError

if TYPE_CHECKING:
    from collections.abc import Iterator

UNUSABLE: Final = (TollwayError, ValueError, KeyError, DecodeError)
"""What a record's own fault is raised as: a rule that it breaks, a secret, a dialect, its bytes."""


class Problems:
    """Problems by the names of records, one each."""

    def __init__(self) -> None:
        self._problems: dict[str, str] = {}

    def all(self) -> dict[str, str]:
        """Those that there are now."""
        return dict(self._problems)

    def tell(self, name: str, problem: str) -> None:
        """Sets the problem of a record."""
        self._problems[name] = problem

    def forget(self, name: str) -> None:
        """Says that a record has none."""
        self._problems.pop(name, None)

    def forget_below(self, name: str) -> None:
        """Says the same of a resource and all that it is the parent of."""
        for each in [each for each in self._problems if each == name or each.startswith(f"{name}/")]:
            del self._problems[each]

    @contextmanager
    def left_out(self, name: str) -> Iterator[None]:
        """What is compiled within is left out where the record of this name does not allow it."""
        self.forget(name)
        try:
            yield
        except UNUSABLE as error:
            self.tell(name, f"cannot be used: {error}")
