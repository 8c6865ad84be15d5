"""The reasons for which an API refuses calls: the values of an enum whose options say what a caller is told."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from google.protobuf.descriptor import EnumValueDescriptor

    from tollwayd.openapi.descriptors import Descriptors

_RULE: Final = {"code", "http_status", "text"}
"""The fields by which a value's option is known as its rule."""


class Reason(NamedTuple):
    """One reason, as callers see it; `code` is gRPC's."""

    name: str
    code: int
    http_status: int
    text: str


def reasons(descriptors: Descriptors, enum: str, unseen: Collection[str] = ()) -> list[Reason]:
    """The values of the enum of this full name that have a rule, without the enum's prefix.

    `unseen` are patterns, `UPSTREAM_*`, of reasons that no caller of this API is told. KeyError where there is no enum.
    """
    values = descriptors.pool.FindEnumTypeByName(enum).values
    prefix = values[0].name.removesuffix("UNSPECIFIED")
    named = [(value.name.removeprefix(prefix), rule) for value in values for rule in _rules(descriptors, value)]
    return [
        Reason(name, rule.code, rule.http_status, rule.text)
        for name, rule in named
        if not any(fnmatchcase(name, pattern) for pattern in unseen)
    ]


def _rules(descriptors: Descriptors, value: EnumValueDescriptor) -> Iterator[Any]:
    # The option is an extension that only the descriptor set knows, so its own classes must read it.
    options_type = descriptors.pool.FindMessageTypeByName("google.protobuf.EnumValueOptions")
    extensions = descriptors.pool.FindAllExtensions(options_type)
    options: Any = GetMessageClass(options_type).FromString(value.GetOptions().SerializeToString())
    for extension in extensions:
        fields = extension.message_type.fields_by_name if extension.message_type else {}
        if _RULE.issubset(fields) and options.HasExtension(extension):
            yield options.Extensions[extension]
