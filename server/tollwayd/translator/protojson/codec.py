"""Messages as proto3 JSON: `decoder` and `encoder`, the only two doors to it. What they make serves every call.

They are compiled from descriptors (json_read, json_print): google.protobuf.json_format asks the descriptors anew for
every value. Messages of 2 KB are read four times as fast as by it, printed almost three times, and almost three and a
half times with their unset fields (`python -m tests.bench.json_codec`); what is left is mostly the messages' own time
to give and take values. Where they differ from json_format, tests/unit/translator/test_json_differences.py has the
reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.fields.fields import is_plain
from tollwayd.translator.protojson.faults import find_fault
from tollwayd.translator.protojson.print import field_printer, printer
from tollwayd.translator.protojson.read import UNFIT, reader
from tollwayd.translator.protojson.text import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

    Decode = Callable[[bytes, Message], Any]
    Encode = Callable[[Message], bytes]


def decoder(message: Descriptor, field: FieldDescriptor | None = None, *, ignore_unknown: bool = False) -> Decode:
    """What reads JSON into an empty message, or into its `field`, which is then present; an empty body adds nothing.
    It gives the value that it read, None for an empty body.

    It raises TollwayError: REASON_JSON_INVALID, REASON_JSON_TOO_DEEP or REASON_BODY_TOO_LARGE for the text,
    REASON_FIELD_INVALID with the field's path in JSON names, from `message` on, for what it says. With `ignore_unknown`
    unknown fields are passed over.
    """
    read = reader(message, ignore_unknown=ignore_unknown)
    single = field.message_type if field is not None and not field.is_repeated else None
    needs_object = is_plain(message if field is None else single)

    def decode(body: bytes, into: Message) -> Any:
        if field is not None and single is not None:
            getattr(into, field.name).SetInParent()
        if not body or body.isspace():
            return None
        body_value = value = load(body)
        if needs_object and type(value) is not dict:
            raise TollwayError(Reason.REASON_JSON_INVALID, "The body has to be a JSON object.")
        if field is not None:
            value = {field.json_name: value}
        try:
            read(into, value)
        except UNFIT:
            raise find_fault(value, message, ignore_unknown=ignore_unknown) or TollwayError(
                Reason.REASON_JSON_INVALID, f"The body is JSON, but no {message.full_name}."
            ) from None
        return body_value

    return decode


def encoder(message: Descriptor, field: FieldDescriptor | None = None, *, print_unset: bool = False) -> Encode:
    """What prints a message, or its `field`, as JSON in camelCase names.

    With `print_unset` fields that are not set stand there as zero values, and messages as null. It raises ValueError
    where JSON has no form for what the message holds, such as a time after the year 9999.
    """
    if field is None:
        print_value = printer(message, print_unset=print_unset)
    else:
        print_value = field_printer(field, print_unset=print_unset)
    return lambda printed: orjson.dumps(print_value(printed))
