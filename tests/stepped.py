"""What computes in steps, to the end at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tollwayd.core.paced import Steps

ResultT = TypeVar("ResultT")


def whole(steps: Steps[ResultT]) -> ResultT:
    """The result of all steps."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
