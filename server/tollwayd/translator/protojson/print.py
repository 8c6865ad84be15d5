"""Printers of messages as JSON values, compiled from their descriptors: a function a message type, and one a field."""

from __future__ import annotations

from functools import cache, partial
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message_factory import GetMessageClass

from tollwayd.translator.fields.fields import any_type, is_map, is_plain, is_wrapper, map_entry
from tollwayd.translator.protojson.forms import FORMS
from tollwayd.translator.protojson.scalars import bytes_to_json, key_to_json, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.descriptor_pool import DescriptorPool

    from tollwayd.translator.protojson.forms import Print
    from tollwayd.translator.protojson.scalars import Convert

    Member = tuple[str, Convert | None]
    """A field's name in JSON, and what prints its value."""


@cache
def printer(message: Descriptor, *, print_unset: bool) -> Print:
    """What makes a JSON value of a message of this type; ValueError where JSON has no form for what it holds."""
    return _Compiler(print_unset=print_unset).message(message)


@cache
def field_printer(field: FieldDescriptor, *, print_unset: bool) -> Print:
    """What makes a JSON value of a message's field: null where it is not set and can tell that from its zero value."""
    name, printed = field.name, _Compiler(print_unset=print_unset).field(field) or _itself
    if not field.has_presence:
        return lambda message: printed(getattr(message, name))
    return lambda message: printed(getattr(message, name)) if message.HasField(name) else None


class _Compiler:
    def __init__(self, *, print_unset: bool) -> None:
        self._print_unset: Final = print_unset
        self._made: Final[dict[Descriptor, Print]] = {}

    def message(self, message: Descriptor) -> Print:
        if message.full_name in FORMS:
            return FORMS[message.full_name][1]
        if message.full_name == "google.protobuf.Any":
            return partial(self._print_any, message.file.pool)
        if is_wrapper(message):
            return self._wrapper(message)
        return self._made.get(message) or self._plain(message)

    def field(self, field: FieldDescriptor) -> Convert | None:
        """What prints a field's value; None where it is a JSON value already."""
        if is_map(field):
            return self._map(field)
        one = self._one(field)
        if not field.is_repeated:
            return one
        return _list if one is None else lambda values: list(map(one, values[:]))

    def _one(self, field: FieldDescriptor) -> Convert | None:
        return to_json(field) if field.message_type is None else self.message(field.message_type)

    def _plain(self, message: Descriptor) -> Print:
        members = _Members(self)
        unset: dict[str, Any] = {}
        # Kept before it is complete: a type may hold itself.
        self._made[message] = print_message = _object(members, unset)
        for field in message.fields:
            members[field] = (field.json_name, self.field(field))
            if self._print_unset and not (field.has_presence and (field.containing_oneof or not field.message_type)):
                unset[field.json_name] = _unset(field, members[field][1])
        return print_message

    def _wrapper(self, message: Descriptor) -> Print:
        printed = self.field(message.fields_by_name["value"])
        return attrgetter("value") if printed is None else lambda wrapper: printed(wrapper.value)

    def _map(self, field: FieldDescriptor) -> Print:
        key_field, value_field = map_entry(field)
        key, value = key_to_json(key_field), self._one(value_field)
        if key is None and value is None:
            return lambda entries: {key: entries[key] for key in entries}
        print_key, print_value = key or _itself, value or _itself
        return lambda entries: {print_key(key): print_value(entries[key]) for key in entries}

    def _print_any(self, pool: DescriptorPool, holder: Any) -> dict[str, Any]:
        url = holder.type_url
        if not url and not holder.value:
            return {}
        held = any_type(url, pool)
        if held is None:
            # Not known here; the bytes still reach a client that knows it.
            return {"@type": url, "value": bytes_to_json(holder.value)}
        value = printer(held, print_unset=self._print_unset)(GetMessageClass(held).FromString(holder.value))
        return {"@type": url, **value} if is_plain(held) else {"@type": url, "value": value}


class _Members(dict["FieldDescriptor", "Member"]):
    """How a message's fields are printed; its extensions are added when the first is met."""

    def __init__(self, compiler: _Compiler) -> None:
        self._compiler: Final = compiler

    def __missing__(self, extension: FieldDescriptor) -> Member:
        made = self[extension] = (f"[{extension.full_name}]", self._compiler.field(extension))
        return made


def _object(members: Mapping[FieldDescriptor, Member], unset: dict[str, Any]) -> Print:
    def print_message(message: Any) -> dict[str, Any]:
        made = unset.copy()
        for field, value in message.ListFields():
            name, printed = members[field]
            made[name] = value if printed is None else printed(value)
        return made

    return print_message


def _unset(field: FieldDescriptor, printed: Convert | None) -> Any:
    if field.is_repeated:
        return {} if is_map(field) else []
    if field.message_type is not None:
        return None
    return printed(field.default_value) if printed else field.default_value


_list: Final[Convert] = itemgetter(slice(None))
"""A slice of a repeated field is a list, made in one step."""


def _itself(value: Any) -> Any:
    return value
