"""Finds the field that makes a JSON object unfit for a message, once reading it has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from google.protobuf.message_factory import GetMessageClass

from tollwayd.core.errors import invalid_field
from tollwayd.translator.fields.fields import (
    OBJECT,
    fields_by_name,
    form,
    is_map,
    is_plain,
    join,
    map_entry,
    quotable,
    takes_null,
    unknown_field,
)
from tollwayd.translator.protojson.extensions import find_extension
from tollwayd.translator.protojson.read import UNFIT, reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.descriptor import Descriptor, FieldDescriptor

    from tollwayd.core.errors import TollwayError

_T = TypeVar("_T")

MAX_LOOKED_AT = 100_000
"""Members and elements of a body that are tried, which takes 0.3 s. Whoever sends more has a program's fault, which is
mostly in the first of them."""


def find_fault(value: Any, message: Descriptor, *, ignore_unknown: bool) -> TollwayError | None:
    """The error for the first field of `value` that `message` cannot take; None where none can be named,
    or none is among the first MAX_LOOKED_AT.

    Each leaf is tried by itself, so the time is at most that of reading once more.
    """
    if not is_plain(message):
        return None
    return next(_Search(ignore_unknown=ignore_unknown).in_object(value, message, ""), None)


class _Search:
    def __init__(self, *, ignore_unknown: bool) -> None:
        self._ignore_unknown: Final = ignore_unknown
        self._left = MAX_LOOKED_AT

    def in_object(self, value: dict[str, Any], message: Descriptor, path: str) -> Iterator[TollwayError]:
        known = fields_by_name(message)
        chosen: set[str] = set()
        for name, item in self._tried(value.items()):
            field = known.get(name)
            if field is None:
                yield from self._in_unknown(name, item, message, path)
                continue
            here = join(path, field.json_name)
            if name != field.json_name and field.json_name in value:
                yield invalid_field(here, "is given twice, by both of its names")
            if item is not None or takes_null(field):
                yield from _oneof_fault(field, here, chosen)
                yield from self._in_field(item, field, here)

    def _in_unknown(self, name: str, item: Any, message: Descriptor, path: str) -> Iterator[TollwayError]:
        extension = find_extension(message, name)
        if extension is not None:
            yield from self._in_field(item, extension, join(path, name))
        elif not self._ignore_unknown:
            yield unknown_field(path, name, fields_by_name(message))

    def _in_field(self, item: Any, field: FieldDescriptor, path: str) -> Iterator[TollwayError]:
        if is_map(field):
            yield from self._in_map(item, field, path)
        elif not field.is_repeated:
            yield from self._in_value(item, field, path)
        elif not isinstance(item, list):
            yield invalid_field(path, "has to be an array")
        else:
            for index, each in enumerate(self._tried(item)):
                yield from self._in_value(each, field, f"{path}[{index}]")

    def _in_map(self, item: Any, field: FieldDescriptor, path: str) -> Iterator[TollwayError]:
        if not isinstance(item, dict):
            yield invalid_field(path, OBJECT)
            return
        _, value = map_entry(field)
        for key, each in self._tried(item.items()):
            here = f"{path}[{key}]" if quotable(key) else path
            if is_plain(value.message_type) and isinstance(each, dict):
                yield from self.in_object(each, value.message_type, here)
            elif not self._fits(field, {key: each}):
                yield invalid_field(here, form(value))

    def _in_value(self, item: Any, field: FieldDescriptor, path: str) -> Iterator[TollwayError]:
        if is_plain(field.message_type) and isinstance(item, dict):
            yield from self.in_object(item, field.message_type, path)
        elif not self._fits(field, [item] if field.is_repeated else item):
            yield invalid_field(path, form(field))

    def _tried(self, items: Iterable[_T]) -> Iterator[_T]:
        """The items, as long as not too many of the body have been tried."""
        for item in items:
            if not self._left:
                return
            self._left -= 1
            yield item

    def _fits(self, field: FieldDescriptor, value: Any) -> bool:
        assert field.containing_type is not None
        name = f"[{field.full_name}]" if field.is_extension else field.json_name
        read = reader(field.containing_type, ignore_unknown=self._ignore_unknown)
        try:
            read(GetMessageClass(field.containing_type)(), {name: value})
        except UNFIT:
            return False
        return True


def _oneof_fault(field: FieldDescriptor, path: str, chosen: set[str]) -> Iterator[TollwayError]:
    if field.containing_oneof is None:
        return
    if field.containing_oneof.name in chosen:
        yield invalid_field(path, "is one of several fields of which only one may be given")
    chosen.add(field.containing_oneof.name)
