"""Rules of our own: limits, requests, foreign dialects, numbers."""

from __future__ import annotations

import re
from functools import lru_cache

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto

from tests.unit.api.asking import BYTES, HTTP_BODY, STRING, bindings, is_message, is_raw, limits, parts, taken
from tests.unit.api.library import rule

_INT64 = {getattr(FieldDescriptor, f"TYPE_{name}64") for name in ("INT", "UINT", "SINT", "FIXED", "SFIXED")}
_LIMITS = {"max_len", "len", "max_bytes", "len_bytes", "const", "in", "uuid", "tuuid", "ip", "ipv4", "ipv6"}


@lru_cache(maxsize=2)  # Both sets of one API: every proof makes another.
def _taken(api, of_admin):
    methods = [method for method in api.methods if not is_raw(method)]
    chosen = [each for each in methods if not of_admin or "admin" in each.containing_service.file.package.split(".")]
    return {field for method in chosen for field in taken(method.input_type)}


def _by_admin(field, api):
    return field in _taken(api, of_admin=True)


def _without_classes(pattern):
    return re.sub(r"\[[^\]]*\]", "x", pattern)


def _is_whole(pattern):
    rest = _without_classes(pattern)
    while (inner := re.sub(r"\([^()]*\)", "x", rest)) != rest:
        rest = inner
    # An alternative outside of groups parts the anchors: `^a|b$`.
    return rest.startswith("^") and rest.endswith("$") and "|" not in rest


def _is_bounded(rules):
    given = {field.name for field, _ in rules.ListFields()}
    endless = re.search(r"[*+]|,\}", _without_classes(rules.pattern))
    return bool(given & _LIMITS) or (_is_whole(rules.pattern) and not endless)


@rule("fields", _by_admin)
def house_texts_have_limits(field, api):
    """What an admin method takes as a string or as bytes has a longest length."""
    kinds = {STRING: "string", BYTES: "bytes"}
    for part, rules in parts(field):
        if part.type in kinds and not _is_bounded(getattr(rules, kinds[part.type])):
            yield "has no max_len"


@rule("fields", _by_admin)
def house_lists_have_limits(field, api):
    """What an admin method takes repeated has a greatest number, and a map, too."""
    rules = limits(field)
    if field.is_repeated and not (rules.repeated.HasField("max_items") or rules.map.HasField("max_pairs")):
        yield "has no max_items"


@rule("fields", lambda field, api: field in _taken(api, of_admin=False))
def house_enums_are_defined(field, api):
    """An enum that callers send is one of the values that it has."""
    for part, rules in parts(field):
        if part.enum_type is not None and not rules.enum.defined_only:
            yield "is not defined_only"


@rule("fields", lambda field, api: bool(limits(field).string.pattern))
def house_patterns_are_whole(field, api):
    """A pattern is about the whole string; one without anchors is content with a part."""
    if not _is_whole(limits(field).string.pattern):
        yield limits(field).string.pattern


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
