"""The errors of an API: google.rpc.Status, and the reasons that its ErrorInfo may give (AIP-193)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from google.protobuf.message_factory import GetMessageClass
from google.rpc.status_pb2 import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import EnumDescriptor, EnumValueDescriptor

    from tollwayd.openapi.descriptors import Descriptors
    from tollwayd.openapi.schemas import Schemas
    from tollwayd.openapi.wellknown import Schema

COMPONENT: Final = "ErrorReason"


class Reason(NamedTuple):
    """One reason, as callers see it."""

    name: str
    http_status: int
    text: str


def error_responses(schemas: Schemas, errors: str) -> dict[str, Any]:
    """The responses `Error` and `RawError`. `errors` names the enum of reasons, empty where an API has none."""
    status = schemas.message(Status.DESCRIPTOR)
    said = ""
    if errors:
        schemas.components[COMPONENT] = _reasons_schema(schemas.descriptors, errors)
        said = f" Its `details` hold a google.rpc.ErrorInfo with a `reason` of `{COMPONENT}`."
    return {
        "Error": {"description": f"An error.{said}", "content": {"application/json": {"schema": status}}},
        "RawError": {"description": "An error in the wire format of this very service.", "content": {"*/*": {}}},
    }


def _reasons_schema(descriptors: Descriptors, errors: str) -> Schema:
    reasons = list(_reasons(descriptors, descriptors.pool.FindEnumTypeByName(errors)))
    rows = "\n".join(f"| `{reason.name}` | {reason.http_status} | {reason.text} |" for reason in reasons)
    return {
        "type": "string",
        "description": f"| reason | HTTP status | meaning |\n| --- | --- | --- |\n{rows}",
        "enum": [reason.name for reason in reasons],
    }


def _reasons(descriptors: Descriptors, enum: EnumDescriptor) -> Iterator[Reason]:
    """The values of an enum of reasons: those with an option that has an `http_status` and a `text`."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    for value in enum.values:
        for rule in _options(descriptors, value):
            yield Reason(value.name.removeprefix(prefix), rule.http_status, rule.text)


def _options(descriptors: Descriptors, value: EnumValueDescriptor) -> Iterator[Any]:
    # The option is an extension that only the descriptor set knows, so its own classes must read it.
    options_type = descriptors.pool.FindMessageTypeByName("google.protobuf.EnumValueOptions")
    extensions = descriptors.pool.FindAllExtensions(options_type)
    options: Any = GetMessageClass(options_type).FromString(value.GetOptions().SerializeToString())
    for extension in extensions:
        fields = extension.message_type.fields_by_name if extension.message_type else {}
        if "http_status" in fields and "text" in fields and options.HasExtension(extension):
            yield options.Extensions[extension]
