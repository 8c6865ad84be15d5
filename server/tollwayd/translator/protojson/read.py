"""Readers of JSON values into messages, compiled from their descriptors: a function a message type, and one a field."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import EncodeError
from google.protobuf.message_factory import GetMessageClass

from tollwayd.translator.fields.fields import any_type, descriptor, is_map, is_plain, is_wrapper, map_entry, takes_null
from tollwayd.translator.protojson.extensions import ExtensionAttribute, find_extension
from tollwayd.translator.protojson.forms import FORMS
from tollwayd.translator.protojson.puts import (
    put_alone,
    put_known,
    put_map,
    put_map_of_messages,
    put_message,
    put_messages,
    put_scalar,
    put_scalars,
)
from tollwayd.translator.protojson.scalars import from_json, key_from_json, name_check

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import Message

    from tollwayd.translator.protojson.forms import Read
    from tollwayd.translator.protojson.puts import Put

UNFIT: Final = (ValueError, TypeError, OverflowError, EncodeError)
"""What reading raises where a value does not fit: some of it comes from the messages themselves."""


@cache
def reader(message: Descriptor, *, ignore_unknown: bool) -> Read:
    """What reads a JSON value into an empty message of this type; UNFIT where it does not fit."""
    return _Compiler(ignore_unknown=ignore_unknown).message(message)


class _Compiler:
    def __init__(self, *, ignore_unknown: bool) -> None:
        self._ignore_unknown: Final = ignore_unknown
        self._made: Final[dict[Descriptor, Read]] = {}

    def message(self, message: Descriptor) -> Read:
        if message.full_name in FORMS:
            return FORMS[message.full_name][0]
        if message.full_name == "google.protobuf.Any":
            return partial(self._read_any, message.file.pool)
        if is_wrapper(message):
            return self._field(message.fields_by_name["value"])
        return self._made.get(message) or self._plain(message)

    def _plain(self, message: Descriptor) -> Read:
        puts: dict[str, Put] = {}
        nulls: dict[str, Put] = {}
        # Kept before it is complete: a type may hold itself.
        self._made[message] = read = self._object(message, puts, nulls)
        puts.update({field.json_name: self._member(field) for field in message.fields})
        nulls.update({field.json_name: puts[field.json_name] for field in message.fields if takes_null(field)})
        return read

    def _object(self, message: Descriptor, puts: dict[str, Put], nulls: dict[str, Put]) -> Read:
        json_names = {field.json_name for field in message.fields}
        aliases = {field.name: field.json_name for field in message.fields if field.name not in json_names}

        def read(target: Any, value: Any) -> None:
            if type(value) is not dict:
                raise ValueError
            for name, item in value.items():
                put = puts.get(name)
                if put is not None and item is not None:
                    put(target, item)
                else:
                    read_rare(target, name, item, value)

        def read_rare(target: Any, name: str, item: Any, value: dict[str, Any]) -> None:
            json_name = aliases.get(name, name)
            if json_name is not name and json_name in value:
                raise ValueError  # Given under both of its names.
            if json_name not in puts:
                self._put_other(target, name, item)
            elif item is not None:
                puts[json_name](target, item)
            elif json_name in nulls:
                nulls[json_name](target, None)

        return read

    def _put_other(self, target: Any, name: str, item: Any) -> None:
        extension = find_extension(descriptor(target), name)
        if extension is not None:
            if item is not None:
                self._field(extension)(ExtensionAttribute(target, extension), item)
        elif not self._ignore_unknown:
            raise ValueError

    def _member(self, field: FieldDescriptor) -> Put:
        put = self._field(field)
        oneof = field.containing_oneof
        return put if oneof is None or len(oneof.fields) == 1 else put_alone(put, oneof.name)

    def _field(self, field: FieldDescriptor) -> Put:
        put = self._put(field)
        enum = map_entry(field)[1].enum_type if is_map(field) else field.enum_type
        return put_known(put, name_check(enum)) if enum is not None and self._ignore_unknown else put

    def _put(self, field: FieldDescriptor) -> Put:
        if is_map(field):
            return self._map(field)
        if field.message_type is not None:
            read = self.message(field.message_type)
            return put_messages(field.name, read) if field.is_repeated else put_message(field.name, read)
        if field.is_repeated:
            return put_scalars(field.name, from_json(field))
        return put_scalar(field.name, from_json(field))

    def _map(self, field: FieldDescriptor) -> Put:
        key, value = map_entry(field)
        if value.message_type is not None:
            return put_map_of_messages(field.name, key_from_json(key), self.message(value.message_type))
        return put_map(field.name, key_from_json(key), from_json(value))

    def _read_any(self, pool: DescriptorPool, target: Any, value: Any) -> None:
        if type(value) is not dict:
            raise ValueError
        if not value:
            return
        message = _new_message(value.get("@type"), pool)
        content = {name: item for name, item in value.items() if name != "@type"}
        if not is_plain(descriptor(message)):
            if "value" not in content:
                raise ValueError
            content = content["value"]
        reader(descriptor(message), ignore_unknown=self._ignore_unknown)(message, content)
        target.value = message.SerializeToString()
        target.type_url = value["@type"]


def _new_message(type_url: Any, pool: DescriptorPool) -> Message:
    held = any_type(type_url, pool) if type(type_url) is str else None
    if held is None:
        raise ValueError
    return GetMessageClass(held)()
