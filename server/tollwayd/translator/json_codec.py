"""Messages as proto3 JSON: `decode` and `encode`, the only two doors to the JSON library behind them.

What google.protobuf.json_format takes and this does not: a body that is not one JSON value of the right kind, duplicate
keys, NaN and numbers out of range, unpaired surrogates, encodings other than UTF-8, and nesting beyond MAX_JSON_DEPTH.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import orjson
from google.protobuf.json_format import MessageToDict, ParseDict

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.fields import descriptor, is_plain
from tollwayd.translator.json_faults import find_fault
from tollwayd.translator.json_unset import print_unset_messages

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

MAX_JSON_DEPTH = 64
"""Objects and arrays inside one another. Depth costs stack in every JSON reader; honest requests stay below 20."""

# Strings, even one that never ends: so each byte is looked at once, whatever the body holds.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def decode(
    body: bytes, message: Message, field: FieldDescriptor | None = None, *, ignore_unknown: bool = False
) -> None:
    """Reads JSON into the message, or into its `field`, which is then marked as present; an empty body adds nothing.

    TollwayError: REASON_JSON_INVALID or REASON_JSON_TOO_DEEP for the text, REASON_FIELD_INVALID with the field's path
    in JSON names, from `message` on, for what it says. With `ignore_unknown` unknown fields are passed over.
    """
    path = ""
    if field is not None and field.message_type is not None and not field.is_repeated:
        getattr(message, field.name).SetInParent()
        if is_plain(field.message_type):
            message, path, field = getattr(message, field.name), field.json_name, None
    if not body or body.isspace():
        return
    value = _load(body)
    if field is not None:
        value = {field.json_name: value}
    elif is_plain(descriptor(message)) and not isinstance(value, dict):
        raise TollwayError(Reason.REASON_JSON_INVALID, "The body has to be a JSON object.")
    _parse(value, message, path, ignore_unknown=ignore_unknown)


def encode(message: Message, field: FieldDescriptor | None = None, *, print_unset: bool = False) -> bytes:
    """The message, or its `field`, as JSON in camelCase names.

    With `print_unset` fields that are not set stand there as zero values, and messages as null. TypeError where an Any
    holds a message of a type that is not known here.
    """
    printed = MessageToDict(message, always_print_fields_with_no_presence=print_unset)
    if print_unset and is_plain(descriptor(message)):
        print_unset_messages(message, printed)
    if field is None:
        return orjson.dumps(printed)
    if field.json_name not in printed:
        printed = MessageToDict(message, always_print_fields_with_no_presence=True)
    return orjson.dumps(printed.get(field.json_name))


def _load(body: bytes) -> Any:
    _check_depth(body)
    try:
        if _SURROGATE.search(body):
            orjson.loads(body)  # It refuses unpaired surrogates, which the standard library lets through.
        return json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite_float
        )
    except ValueError:
        raise TollwayError(Reason.REASON_JSON_INVALID) from None


def _check_depth(body: bytes) -> None:
    if body.count(b"{") + body.count(b"[") <= MAX_JSON_DEPTH:
        return
    depth = 0
    for bracket in _STRING.sub(b"", body).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"{[" else -1
        if depth > MAX_JSON_DEPTH:
            raise TollwayError(
                Reason.REASON_JSON_TOO_DEEP, f"The body's JSON is nested more than {MAX_JSON_DEPTH} levels deep."
            )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("duplicate key")
    return made


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _finite_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _parse(value: Any, message: Message, path: str, *, ignore_unknown: bool) -> None:
    try:
        ParseDict(value, message, ignore_unknown_fields=ignore_unknown)
    except Exception:  # noqa: BLE001
        # The library raises what its insides happen to raise, in words that quote the body and list every field.
        taken = descriptor(message)
        raise find_fault(value, taken, path, ignore_unknown=ignore_unknown) or TollwayError(
            Reason.REASON_JSON_INVALID, f"The body is JSON, but no {taken.full_name}."
        ) from None
