"""Which model of the price list a name stands for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Clause = Mapping[str, Any]

_TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "equals": str.__eq__,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": str.__contains__,
    "regex": lambda model, expression: re.search(expression, model) is not None,
}
"""The clauses of one string, by their names in the file: whether a model's name, in lower case, passes."""


class Matcher:
    """Finds the first of some clauses that a name meets. Nearly all of them are whole names, which need no search."""

    def __init__(self, clauses: Iterable[Clause]) -> None:
        self._names: dict[str, int] = {}
        self._others: list[tuple[int, Clause]] = []
        for position, clause in enumerate(clauses):
            for part in _alternatives(clause):
                if "equals" in part:
                    self._names.setdefault(part["equals"], position)
                else:
                    self._others.append((position, part))

    def find(self, model: str) -> int | None:
        """The clause's place, from 0, for a name in lower case; None where it meets none of them."""
        named = self._names.get(model)
        for position, clause in self._others:
            if named is not None and position >= named:
                break
            if _matches(clause, model):
                return position
        return named


def _alternatives(clause: Clause) -> Iterator[Clause]:
    if "or" in clause:
        for each in clause["or"]:
            yield from _alternatives(each)
    else:
        yield clause


def _matches(clause: Clause, model: str) -> bool:
    ((kind, value),) = clause.items()
    if kind == "or":
        return any(_matches(each, model) for each in value)
    if kind == "and":
        return all(_matches(each, model) for each in value)
    return _TESTS[kind](model, value)
