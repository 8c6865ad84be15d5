"""Which rule answers a call, and which of its answers is due."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from tollwayd.mock.exchange import RequestError
from tollwayd.mock.script import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollwayd.mock.exchange import Asked
    from tollwayd.mock.script import DialectName, Match, Script

NAMED_RULE = "mock-rule:"
"""A model's name with this prefix chooses a rule by its name. A model's name passes through every gateway."""


class Choice(NamedTuple):
    """An answer, and the name of the rule that gave it; empty for the echo that every script ends with."""

    rule: str
    answer: Answer


class Rulebook:
    """A script's rules and how often each has answered."""

    def __init__(self, script: Script) -> None:
        self._rules = script.rules
        self._named = {rule.name: index for index, rule in enumerate(script.rules) if rule.name}
        self._uses = [0] * len(script.rules)

    def choose(self, dialect: DialectName, asked: Asked, headers: Mapping[str, str]) -> Choice:
        """The answer that is due. RequestError where the call names a rule that there is not."""
        if asked.model.startswith(NAMED_RULE):
            return self._use(self._find(asked.model.removeprefix(NAMED_RULE)))
        for index, rule in enumerate(self._rules):
            if self._is_left(index) and _matches(rule.match, dialect, asked, headers):
                return self._use(index)
        return Choice("", Answer())

    def _find(self, name: str) -> int:
        if name not in self._named:
            raise RequestError(404, f"The script has no rule named {name!r}.")
        return self._named[name]

    def _is_left(self, index: int) -> bool:
        times = self._rules[index].times
        return times is None or self._uses[index] < times

    def _use(self, index: int) -> Choice:
        rule = self._rules[index]
        if not self._is_left(index):
            return Choice("", Answer())
        answer = rule.answers[self._uses[index] % len(rule.answers)]
        self._uses[index] += 1
        return Choice(rule.name or f"#{index + 1}", answer)


def _matches(match: Match, dialect: DialectName, asked: Asked, headers: Mapping[str, str]) -> bool:
    return (
        match.operation == asked.operation
        and match.dialect in (None, dialect)
        and match.stream in (None, asked.stream)
        and match.prompt in asked.prompt
        and fnmatchcase(asked.model, match.model)
        and all(text in headers.get(name.lower(), "") for name, text in match.headers.items())
    )
