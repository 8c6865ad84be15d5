"""Filters (AIP-160) over any message: compiled against its descriptor once, then a plain predicate.

Of AIP-160 it takes AND, OR, NOT and `-`, parentheses, `= != < <= > >=`, and the has operator `:`. Text without a field,
wildcards, maps and functions are left out, and refused with what to write instead.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import Message

from tollwayd.admin.filter_syntax import All, Comparison, Expression, Negation, filter_error, parse
from tollwayd.admin.filter_values import ValueType, value_type

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

__all__ = ["Predicate", "compile_filter"]

Predicate = Callable[[Message], bool]

_HAS: Final = ":"
_PRESENT: Final = "*"
_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_filter(text: str, descriptor: Descriptor) -> Predicate | None:
    """What tells the messages that a filter lets through; None for a blank one. REASON_FILTER_INVALID."""
    if not text.strip():
        return None
    return _compile(parse(text), descriptor)


def _compile(expression: Expression, descriptor: Descriptor) -> Predicate:
    if isinstance(expression, Comparison):
        return _comparison(expression, descriptor)
    if isinstance(expression, Negation):
        operand = _compile(expression.operand, descriptor)
        return lambda message: not operand(message)
    operands = [_compile(each, descriptor) for each in expression.operands]
    combine = all if isinstance(expression, All) else any
    return lambda message: combine(operand(message) for operand in operands)


def _comparison(comparison: Comparison, descriptor: Descriptor) -> Predicate:
    fields = _resolve(comparison, descriptor)
    if comparison.operator == _HAS:
        return _has(comparison, fields)
    if any(field.is_repeated for field in fields):
        raise filter_error(comparison.start, "a list is asked with ':', such as targets.provider:openai")
    return _compared(comparison, fields, _type_of(comparison, fields[-1]))


def _resolve(comparison: Comparison, descriptor: Descriptor) -> Sequence[FieldDescriptor]:
    fields: list[FieldDescriptor] = []
    inside: Descriptor | None = descriptor
    for name in comparison.path:
        field = _field(name, inside) if inside is not None else None
        if field is None:
            raise _unknown(comparison, inside)
        fields.append(field)
        inside = None if value_type(field) else field.message_type
    return fields


def _field(name: str, inside: Descriptor) -> FieldDescriptor | None:
    """REST shows a field in camel case, gRPC in snake case; callers filter by what they see."""
    return inside.fields_by_name.get(name) or inside.fields_by_camelcase_name.get(name)


def _unknown(comparison: Comparison, inside: Descriptor | None) -> Exception:
    if inside is None:
        return filter_error(comparison.start, "the path leads on after a field that has no fields of its own")
    known = ", ".join(field.name for field in inside.fields)
    return filter_error(comparison.start, f"{inside.name} has no such field; it has {known}")


def _type_of(comparison: Comparison, field: FieldDescriptor) -> ValueType:
    kind = value_type(field)
    if kind is None:
        raise filter_error(comparison.start, "this field has no value to compare; ask for its presence with ':*'")
    return kind


def _compared(comparison: Comparison, fields: Sequence[FieldDescriptor], kind: ValueType) -> Predicate:
    wanted = kind.wanted(comparison)
    if comparison.operator == "=":
        return lambda message: any(kind.key(value) == wanted for value in _values(message, fields))
    if comparison.operator == "!=":
        # The exact opposite of `=`, so a field that is absent differs from every value.
        return lambda message: all(kind.key(value) != wanted for value in _values(message, fields))
    if not kind.ordered:
        raise filter_error(comparison.start, "values of this field have no order; compare them with = or !=")
    order = _ORDERS[comparison.operator]
    return lambda message: any(order(kind.key(value), wanted) for value in _values(message, fields))


def _has(comparison: Comparison, fields: Sequence[FieldDescriptor]) -> Predicate:
    if comparison.value == _PRESENT and not comparison.quoted:
        return lambda message: any(_is_set(value) for value in _values(message, fields))
    kind = _type_of(comparison, fields[-1])
    wanted = kind.wanted(comparison)
    if isinstance(wanted, str) and not any(field.is_repeated for field in fields):
        return lambda message: any(wanted in value for value in _values(message, fields))
    return lambda message: any(kind.key(value) == wanted for value in _values(message, fields))


def _is_set(value: Any) -> bool:
    return isinstance(value, Message) or bool(value)


def _values(message: Message, fields: Sequence[FieldDescriptor]) -> Iterator[Any]:
    """The values at the end of a path: none where a message on the way, or a field with presence, is absent."""
    field, *rest = fields
    if field.has_presence and not message.HasField(field.name):
        return
    value = getattr(message, field.name)
    elements: Iterable[Any] = value if field.is_repeated else (value,)
    for element in elements:
        if rest:
            yield from _values(element, rest)
        else:
            yield element
