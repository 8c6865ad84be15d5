"""Filters (AIP-160) over any message: compiled against its descriptor once, then a plain predicate.

Of AIP-160 it takes AND, OR, NOT and `-`, parentheses, `= != < <= > >=`, the has operator `:`, and keys of maps as
fields (`tags.team`). Text without a field, wildcards and functions are left out, and refused with what to write
instead.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from google.protobuf.message import Message

from tollwayd.admin.resources.filter_syntax import All, Comparison, Expression, Negation, filter_error, parse
from tollwayd.admin.resources.filter_values import ValueType, value_type

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


Step: TypeAlias = "FieldDescriptor | Key"


class Key(NamedTuple):
    """A step from a map to the value of one of its keys; `value` is the descriptor of the map's values."""

    key: str
    value: FieldDescriptor


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
    steps = _resolve(comparison, descriptor)
    if comparison.operator == _HAS:
        return _has(comparison, steps)
    if any(_has_many(step) for step in steps) or _is_map(steps[-1]):
        raise filter_error(comparison.start, "a list is asked with ':', such as targets.provider:openai")
    return _compared(comparison, steps, _type_of(comparison, steps[-1]))


def _resolve(comparison: Comparison, descriptor: Descriptor) -> Sequence[Step]:
    steps: list[Step] = []
    inside: Descriptor | None = descriptor
    for name in comparison.path:
        step = _step(name, steps[-1] if steps else None, inside)
        if step is None:
            raise _unknown(comparison, inside)
        steps.append(step)
        end = step.value if isinstance(step, Key) else step
        inside = None if value_type(end) or _is_map(step) else end.message_type
    return steps


def _step(name: str, before: Step | None, inside: Descriptor | None) -> Step | None:
    if before is not None and not isinstance(before, Key) and _is_map(before):
        return Key(name, _of_entries(before, "value"))
    return _field(name, inside) if inside is not None else None


def _is_map(step: Step) -> bool:
    """Whether this is a map whose keys are strings; others have no keys that a path can name."""
    if isinstance(step, Key) or step.message_type is None or not step.message_type.GetOptions().map_entry:
        return False
    return step.message_type.fields_by_name["key"].type == step.TYPE_STRING


def _has_many(step: Step) -> bool:
    return not isinstance(step, Key) and step.is_repeated and not _is_map(step)


def _field(name: str, inside: Descriptor) -> FieldDescriptor | None:
    """REST shows a field in camel case, gRPC in snake case; callers filter by what they see."""
    return inside.fields_by_name.get(name) or inside.fields_by_camelcase_name.get(name)


def _unknown(comparison: Comparison, inside: Descriptor | None) -> Exception:
    if inside is None:
        return filter_error(comparison.start, "the path leads on after a field that has no fields of its own")
    known = ", ".join(field.name for field in inside.fields)
    return filter_error(comparison.start, f"{inside.name} has no such field; it has {known}")


def _type_of(comparison: Comparison, step: Step) -> ValueType:
    kind = value_type(step.value if isinstance(step, Key) else _compared_field(step))
    if kind is None:
        raise filter_error(comparison.start, "this field has no value to compare; ask for its presence with ':*'")
    return kind


def _compared_field(field: FieldDescriptor) -> FieldDescriptor:
    """What stands for a field after ':': of a map, its keys."""
    return _of_entries(field, "key") if _is_map(field) else field


def _of_entries(field: FieldDescriptor, name: str) -> FieldDescriptor:
    assert field.message_type is not None
    return field.message_type.fields_by_name[name]


def _compared(comparison: Comparison, steps: Sequence[Step], kind: ValueType) -> Predicate:
    wanted = kind.wanted(comparison)
    if comparison.operator == "=":
        return lambda message: any(kind.key(value) == wanted for value in _values(message, steps))
    if comparison.operator == "!=":
        # The exact opposite of `=`, so a field that is absent differs from every value.
        return lambda message: all(kind.key(value) != wanted for value in _values(message, steps))
    if not kind.ordered:
        raise filter_error(comparison.start, "values of this field have no order; compare them with = or !=")
    order = _ORDERS[comparison.operator]
    return lambda message: any(order(kind.key(value), wanted) for value in _values(message, steps))


def _has(comparison: Comparison, steps: Sequence[Step]) -> Predicate:
    if comparison.value == _PRESENT and not comparison.quoted:
        return lambda message: any(_is_set(value) for value in _values(message, steps))
    kind = _type_of(comparison, steps[-1])
    wanted = kind.wanted(comparison)
    if isinstance(wanted, str) and not (_is_map(steps[-1]) or any(_has_many(step) for step in steps)):
        return lambda message: any(wanted in value for value in _values(message, steps))
    return lambda message: any(kind.key(value) == wanted for value in _values(message, steps))


def _is_set(value: Any) -> bool:
    return isinstance(value, Message) or bool(value)


def _values(message: Message, steps: Sequence[Step]) -> Iterator[Any]:
    """The values at the end of a path: none where a message on the way, a map's key, or a field with presence, is
    absent. A map at the end gives its keys."""
    step, *rest = steps
    assert not isinstance(step, Key)
    if step.has_presence and not message.HasField(step.name):
        return
    value = getattr(message, step.name)
    if rest and isinstance(named := rest[0], Key):
        del rest[0]
        elements: Iterable[Any] = (value[named.key],) if named.key in value else ()
    else:
        elements = value if step.is_repeated else (value,)
    for element in elements:
        if rest:
            yield from _values(element, rest)
        else:
            yield element
