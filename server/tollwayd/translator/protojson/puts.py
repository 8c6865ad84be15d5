"""Puts JSON values into the fields of messages: a function for each shape that a field can have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tollwayd.translator.protojson.forms import Read
    from tollwayd.translator.protojson.scalars import Convert

    Put = Callable[[Any, Any], None]
    """Puts a JSON value, not null, into a field of a message; ValueError or TypeError where it does not fit."""


def put_scalar(name: str, convert: Convert | None) -> Put:
    """One scalar."""

    def put(message: Any, item: Any) -> None:
        setattr(message, name, item if convert is None else convert(item))

    return put


def put_message(name: str, read: Read) -> Put:
    """One message, which is present even if nothing is read into it."""

    def put(message: Any, item: Any) -> None:
        inner = getattr(message, name)
        inner.SetInParent()
        read(inner, item)

    return put


def put_scalars(name: str, convert: Convert | None) -> Put:
    """Repeated scalars."""

    def put(message: Any, items: Any) -> None:
        if type(items) is not list:
            raise ValueError
        getattr(message, name).extend(items if convert is None else map(convert, items))

    return put


def put_messages(name: str, read: Read) -> Put:
    """Repeated messages."""

    def put(message: Any, items: Any) -> None:
        if type(items) is not list:
            raise ValueError
        add = getattr(message, name).add
        for item in items:
            read(add(), item)

    return put


def put_map(name: str, key: Convert | None, convert: Convert | None) -> Put:
    """A map of scalars."""

    def put(message: Any, value: Any) -> None:
        if type(value) is not dict:
            raise ValueError
        entries = getattr(message, name)
        for text, item in value.items():
            entries[key(text) if key else text] = convert(item) if convert else item

    return put


def put_map_of_messages(name: str, key: Convert | None, read: Read) -> Put:
    """A map of messages."""

    def put(message: Any, value: Any) -> None:
        if type(value) is not dict:
            raise ValueError
        entries = getattr(message, name)
        for text, item in value.items():
            read(entries[key(text) if key else text], item)

    return put


def put_alone(put: Put, oneof: str) -> Put:
    """A member of a oneof, of which no other may have been given."""

    def put_if_alone(message: Any, item: Any) -> None:
        if message.WhichOneof(oneof) is not None:
            raise ValueError
        put(message, item)

    return put_if_alone


def put_known(put: Put, is_known: Callable[[Any], bool]) -> Put:
    """Enum values, of one field or an array or a map, of which those of unknown names are passed over."""

    def put_what_is_known(message: Any, item: Any) -> None:
        if type(item) is list:
            put(message, [each for each in item if is_known(each)])
        elif type(item) is dict:
            put(message, {key: each for key, each in item.items() if is_known(each)})
        elif is_known(item):
            put(message, item)

    return put_what_is_known
