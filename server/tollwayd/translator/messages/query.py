"""Query parameters into message fields (google/api/http.proto, "Rules for HTTP mapping").

Names are dotted paths in proto or JSON names; a map's entry is `labels[key]=value`; a repeated field is given as often
as it has values. Where the specification is silent, a parameter that could be read in two ways is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from tollwayd.core.errors import TollwayError, invalid_field
from tollwayd.translator.fields.fields import (
    fields_by_name,
    form,
    is_map,
    is_plain,
    is_wrapper,
    map_entry,
    unknown_field,
)
from tollwayd.translator.fields.percent import decode
from tollwayd.translator.fields.scalars import is_text, read_message, scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

    from tollwayd.translator.rules.rule import FieldPath

Parameters = list[tuple[str, str]]
"""A query's names and values, decoded, in their order."""

MAX_PATH_DEPTH = 32
"""A parameter that names a deeper field is refused: messages nest without end where they are recursive."""

SYSTEM_PARAMETERS = frozenset({"alt", "key"})
"""Parameters that speak of the call and not of its request (cloud.google.com/apis/docs/system-parameters): the answer's
format, and a credential. A request's own top-level field of the same name comes first."""

_MAP_ENTRY = re.compile(r"([^\[\]]+)\[(.*)\]", re.DOTALL)


def parse(query: str) -> Parameters:
    """The query's parameters, decoded as forms are (WHATWG URL, section 5.1): `+` is a space."""
    pairs = (pair.replace("+", " ").partition("=") for pair in query.split("&") if pair)
    return [(decode(name), decode(value)) for name, _, value in pairs]


def system_parameters(parameters: Parameters, message: Descriptor) -> dict[str, str]:
    """The query's system parameters, by name; the last one where one is given twice."""
    own = SYSTEM_PARAMETERS - fields_by_name(message).keys()
    return {name: value for name, value in parameters if name in own}


class QueryReader:
    """Puts parameters into messages of one type.

    `body` names the field that the HTTP body holds, and so no parameter may; empty for none. With `ignore_unknown`
    parameters of no field are passed over, else they are refused.
    """

    __slots__ = ("_fields", "_ignore_unknown", "_system")

    def __init__(self, message: Descriptor, body: str, *, ignore_unknown: bool) -> None:
        fields = fields_by_name(message)
        self._fields: Final[Mapping[str, FieldDescriptor]] = {
            name: field for name, field in fields.items() if field.name != body
        }
        self._system: Final = SYSTEM_PARAMETERS - fields.keys()
        self._ignore_unknown: Final = ignore_unknown

    def reads(self, parameters: Parameters) -> bool:
        """Whether any of the parameters speaks of the message, and not of the call."""
        return any(name not in self._system for name, _ in parameters)

    def read(self, parameters: Parameters, message: Message) -> None:
        """Sets the fields that the parameters name; TollwayError for the first that cannot be."""
        seen: set[tuple[str, str]] = set()
        for name, value in parameters:
            if name in self._system:
                continue
            entry = _MAP_ENTRY.fullmatch(name)
            try:
                fields = self._resolve(entry[1] if entry else name)
            except TollwayError:
                if self._ignore_unknown:
                    continue
                raise
            _check_once(fields, name if entry else "", seen)
            _set(message, fields, entry[2] if entry else None, value)

    def _resolve(self, name: str) -> FieldPath:
        """The field of that name; TollwayError where there is none that a parameter may set."""
        found: list[FieldDescriptor] = []
        known = self._fields
        for part in name.split(".", MAX_PATH_DEPTH):
            path = json_path(found)
            if (field := known.get(part)) is None:
                raise unknown_field(path, part, known)
            if found and found[-1].is_repeated:
                raise invalid_field(path, "is repeated; its parts cannot be given as query parameters")
            found.append(field)
            known = _parts(field.message_type)
        return tuple(found)


def _parts(message: Descriptor | None) -> Mapping[str, FieldDescriptor]:
    """The fields that a name may go on with. What JSON writes in a form of its own has none: parts given one by one
    could make what no JSON can say, such as a time beyond the year 9999."""
    if is_plain(message) or (message is not None and is_wrapper(message)):
        return fields_by_name(message)
    return {}


def set_text(message: Message, fields: FieldPath, text: str) -> None:
    """Sets a singular field from text, over what it holds; TollwayError naming it where `text` is no value of it."""
    *parents, field = fields
    for parent in parents:
        message = getattr(message, parent.name)
    _put(message, field, None, text, json_path(fields))


def json_path(fields: Iterable[FieldDescriptor]) -> str:
    """The path of a field in JSON names."""
    return ".".join(field.json_name for field in fields)


def _set(message: Message, fields: FieldPath, key: str | None, text: str) -> None:
    *parents, field = fields
    path = json_path(fields)
    _check_form(field, key, path)
    for parent in parents:
        _check_oneof(message, parent, path)
        message = getattr(message, parent.name)
    _check_oneof(message, field, path)
    _put(message, field, key, text, path)


def _put(message: Message, field: FieldDescriptor, key: str | None, text: str, path: str) -> None:
    value = field if key is None else map_entry(field)[1]
    try:
        if key is not None:
            _put_entry(getattr(message, field.name), field, key, text)
        elif field.is_repeated:
            _append(getattr(message, field.name), field, text)
        elif field.message_type is None:
            setattr(message, field.name, scalar(field, text))
        else:
            message.ClearField(field.name)
            _read_present(getattr(message, field.name), text)
    except (ValueError, OverflowError):
        raise invalid_field(path, form(value)) from None


def _append(container: Any, field: FieldDescriptor, text: str) -> None:
    if field.message_type is None:
        container.append(scalar(field, text))
    else:
        _read_present(container.add(), text)


def _put_entry(container: Any, field: FieldDescriptor, key: str, text: str) -> None:
    key_field, value_field = map_entry(field)
    name = scalar(key_field, key)
    if value_field.message_type is None:
        container[name] = scalar(value_field, text)
    else:
        _read_present(container[name], text)


def _read_present(message: Message, text: str) -> None:
    message.SetInParent()
    read_message(message, text)


def _check_once(fields: FieldPath, entry: str, seen: set[tuple[str, str]]) -> None:
    if fields[-1].is_repeated and not entry:
        return
    path = json_path(fields)
    if (path, entry) in seen:
        raise invalid_field(path, "is given more than once")
    seen.add((path, entry))


def _check_form(field: FieldDescriptor, key: str | None, path: str) -> None:
    if is_map(field) and key is None:
        raise invalid_field(path, "is a map; give its entries as name[key]=value")
    if not is_map(field) and key is not None:
        raise invalid_field(path, "is not a map")
    value = field if key is None else map_entry(field)[1]
    if not is_text(value):
        if is_plain(value.message_type):
            raise invalid_field(path, "is a message; give its fields as name.field=value")
        raise invalid_field(path, "cannot be given as a query parameter")


def _check_oneof(message: Message, field: FieldDescriptor, path: str) -> None:
    """proto3 JSON refuses two members of one oneof, and so do parameters: none of them could be said to count."""
    oneof = field.containing_oneof
    if oneof is not None and message.WhichOneof(oneof.name) not in {None, field.name}:
        raise invalid_field(path, "is one of several fields of which only one may be given")
