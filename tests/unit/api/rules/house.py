"""Rules of our own: limits, requests, foreign dialects, numbers."""

from __future__ import annotations

import re

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto

from tests.unit.api.asking import BYTES, HTTP_BODY, STRING, bindings, is_message, is_raw, limits, taken
from tests.unit.api.library import rule

_INT64 = {getattr(FieldDescriptor, f"TYPE_{name}64") for name in ("INT", "UINT", "SINT", "FIXED", "SFIXED")}
_LIMITS = ("max_len", "len", "max_bytes", "len_bytes", "const", "well_known")


def _of_admin(method, api):
    return "admin" in method.containing_service.file.package.split(".")


def _is_bounded(rules):
    # A pattern bounds a length if it is about the whole and repeats nothing without end.
    pattern = re.sub(r"\[[^\]]*\]", "x", rules.pattern)
    whole = pattern.startswith("^") and pattern.endswith("$") and not re.search(r"[*+]|,\}", pattern)
    given = {field.name for field, _ in rules.ListFields()}
    return whole or bool(given.intersection((*_LIMITS, "in", "uuid", "tuuid")))


def _text_rules(field):
    rules = limits(field).repeated.items if field.is_repeated else limits(field)
    return rules.bytes if field.type == BYTES else rules.string


@rule("methods", _of_admin)
def house_texts_have_limits(method, api):
    """What an admin method takes as a string or as bytes has a longest length."""
    for field in taken(method.input_type):
        if field.type in {STRING, BYTES} and not _is_bounded(_text_rules(field)):
            yield f"{field.full_name} has no max_len"


@rule("methods", _of_admin)
def house_lists_have_limits(method, api):
    """What an admin method takes repeated has a greatest number, and a map, too."""
    for field in taken(method.input_type):
        rules = limits(field)
        if field.is_repeated and not (rules.repeated.HasField("max_items") or rules.map.HasField("max_pairs")):
            yield f"{field.full_name} has no max_items"


@rule("methods", lambda method, api: not is_raw(method))
def house_enums_are_defined(method, api):
    """An enum that callers send is one of the values that it has."""
    for field in taken(method.input_type):
        rules = limits(field).repeated.items if field.is_repeated else limits(field)
        if field.enum_type is not None and not rules.enum.defined_only:
            yield f"{field.full_name} is not defined_only"


@rule("fields", lambda field, api: bool(limits(field).string.pattern))
def house_patterns_are_whole(field, api):
    """A pattern is about the whole string; one without anchors is content with a part."""
    pattern = limits(field).string.pattern
    if not (pattern.startswith("^") and pattern.endswith("$")):
        yield pattern


@rule("fields", lambda field, api: field.type in _INT64)
def house_int64_is_documented(field, api):
    """A 64-bit integer, or its message, tells in its comment that it is a string in JSON."""
    comments = f"{api.comment(field)} {api.comment(field.containing_type)}"
    if not ("JSON" in comments and "string" in comments):
        yield "does not say what it is in JSON"


@rule("methods")
def house_requests_are_not_shared(method, api):
    """A request is of one method alone and of its package, so that each can grow by itself."""
    others = [other for other in api.methods if other is not method and other.input_type is method.input_type]
    if others:
        yield f"{method.input_type.name} is {', '.join(other.full_name for other in others)}'s too"
    if method.input_type.file.package != method.containing_service.file.package:
        yield f"takes {method.input_type.full_name}"


@rule("services")
def house_dialects_are_raw(service, api):
    """A service that speaks a foreign dialect answers with nothing but google.api.HttpBody, and takes its bodies so."""
    if not any(is_raw(method) for method in service.methods):
        return
    for method in service.methods:
        if not is_raw(method):
            yield f"{method.name} answers with {method.output_type.name}"
        for body in {binding.body for binding in bindings(method)} - {""}:
            if not is_message(method.input_type.fields_by_name.get(body), HTTP_BODY):
                yield f"the body {body} of {method.name} is no {HTTP_BODY}"


@rule("messages")
def house_numbers_are_reserved(message, api):
    """A field's number that is no more in use is reserved, or it would be used again."""
    proto = DescriptorProto()
    message.CopyToProto(proto)
    used = {field.number for field in message.fields}
    reserved = {number for span in proto.reserved_range for number in range(span.start, span.end)}
    for number in sorted(set(range(1, max(used, default=0))) - used - reserved):
        yield f"{number} is not reserved"
