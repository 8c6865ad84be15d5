"""The syntax of filters (AIP-160): text to expressions. What fields and values mean is `filter`'s affair."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tollwayd.core.errors import Reason, TollwayError

__all__ = ["All", "AnyOf", "Comparison", "Expression", "Negation", "filter_error", "parse"]

MAX_LENGTH: Final = 1024
"""Characters of a filter; people write some dozens."""

MAX_DEPTH: Final = 16
"""Parentheses within each other: the reader calls itself for each, and so does what is made of it."""

_SPACE = re.compile(r"\s*")
_KEYWORD = re.compile(r"(AND|OR|NOT)(?![A-Za-z0-9_.])")
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*")  # Keys of maps may have hyphens.
_OPERATOR = re.compile(r"!=|<=|>=|[=<>:]")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|' + r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_BARE = re.compile(r"""[^\s()"'=<>!:][^\s()"']*""")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path operator value`. `start` is the position of the path, `value_start` that of the value, both from 1."""

    path: tuple[str, ...]
    operator: str
    value: str
    quoted: bool
    start: int
    value_start: int


@dataclass(frozen=True, slots=True)
class Negation:
    """NOT, or a minus."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class All:
    """Operands joined by AND."""

    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Operands joined by OR."""

    operands: tuple[Expression, ...]


Expression = Comparison | Negation | All | AnyOf


def parse(text: str) -> Expression:
    """The expression that a filter which is not blank says. REASON_FILTER_INVALID."""
    if len(text) > MAX_LENGTH:
        raise filter_error(MAX_LENGTH + 1, f"a filter has at most {MAX_LENGTH} characters")
    return _Reader(text).read()


def filter_error(position: int, problem: str) -> TollwayError:
    """REASON_FILTER_INVALID at a character's position, counted from 1."""
    return TollwayError(
        Reason.REASON_FILTER_INVALID, f"filter, position {position}: {problem}", metadata={"position": str(position)}
    )


class _Reader:
    """Recursive descent after the grammar of AIP-160, in which OR binds closer than AND."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def read(self) -> Expression:
        expression = self._expression()
        self._skip_space()
        if self._at < len(self._text):
            raise self._error("expected AND, OR or the end")
        return expression

    def _expression(self) -> Expression:
        operands = [self._factor()]
        while self._takes_keyword("AND"):
            operands.append(self._factor())
        return operands[0] if len(operands) == 1 else All(tuple(operands))

    def _factor(self) -> Expression:
        operands = [self._term()]
        while self._takes_keyword("OR"):
            operands.append(self._term())
        return operands[0] if len(operands) == 1 else AnyOf(tuple(operands))

    def _term(self) -> Expression:
        if self._takes_keyword("NOT") or self._takes("-"):
            return Negation(self._simple())
        return self._simple()

    def _simple(self) -> Expression:
        if not self._takes("("):
            return self._comparison()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"parentheses go at most {MAX_DEPTH} deep")
        expression = self._expression()
        if not self._takes(")"):
            raise self._error("expected AND, OR or a closing parenthesis")
        self._depth -= 1
        return expression

    def _comparison(self) -> Comparison:
        self._skip_space()
        start = self._at + 1
        path = None if _KEYWORD.match(self._text, self._at) else self._match(_PATH)
        if path is None:
            raise self._error("expected a field's name, such as display_name, or an opening parenthesis")
        operator = self._match(_OPERATOR)
        if operator is None:
            raise self._error("expected one of = != < <= > >= : after the field")
        self._skip_space()
        value_start = self._at + 1
        value, quoted = self._value()
        return Comparison(tuple(path[0].split(".")), operator[0], value, quoted, start, value_start)

    def _value(self) -> tuple[str, bool]:
        if quoted := self._match(_QUOTED):
            return _ESCAPE.sub(r"\1", quoted[1] if quoted[1] is not None else quoted[2]), True
        if bare := self._match(_BARE):
            return bare[0], False
        raise self._error('expected a value: true, 42, or text in "quotes"')

    def _takes_keyword(self, keyword: str) -> bool:
        self._skip_space()
        match = _KEYWORD.match(self._text, self._at)
        return match is not None and match[1] == keyword and self._takes(keyword)

    def _takes(self, literal: str) -> bool:
        self._skip_space()
        found = self._text.startswith(literal, self._at)
        self._at += len(literal) * found
        return found

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self._skip_space()
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return match

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _error(self, problem: str) -> TollwayError:
        return filter_error(self._at + 1, problem)
