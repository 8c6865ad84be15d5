"""Types of fields: AIP-132, AIP-141, AIP-142, AIP-146, AIP-148, AIP-154, AIP-161 and AIP-163."""

from __future__ import annotations

import re

from google.protobuf.descriptor import FieldDescriptor

from tests.unit.api.asking import FIELD_MASK, INT32, INT64, TIMESTAMP, is_message, is_string
from tests.unit.api.library import rule

_INTEGERS = {
    getattr(FieldDescriptor, f"TYPE_{name}")
    for name in ("INT32", "INT64", "UINT32", "UINT64", "SINT32", "SINT64", "FIXED32", "FIXED64", "SFIXED32", "SFIXED64")
}
_NUMBERS = _INTEGERS | {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}
_STANDARD_TIMES = {"create_time", "update_time", "delete_time", "expire_time", "purge_time"}
_STANDARD_STRINGS = {"display_name", "description", "name", "parent", "title", "uid", "user_agent"}
_SWITCHES = {"allow_missing", "force", "show_deleted", "validate_only"}
_PAST = re.compile("created|creation|expired|modified|updated|purged|deleted")
_DURATION = re.compile("_(ns|us|ms|millis|micros|nanos|seconds|secs|minutes|hours|days)$")


@rule("fields", lambda field, api: field.type in _INTEGERS)
def aip_141_integers(field, api):
    """Integers are int32 or int64; not all languages have unsigned ones. https://google.aip.dev/141"""
    if field.type not in {INT32, INT64}:
        yield "is of another type"


@rule("fields", lambda field, api: field.type in _INTEGERS)
def aip_141_counts(field, api):
    """A count ends in `_count`, it does not begin with `num_`. https://google.aip.dev/141"""
    if re.search("^(num|number|count)_|_num$", field.name):
        yield "is a count by another name"


@rule("fields", lambda field, api: is_message(field, TIMESTAMP))
def aip_142_names(field, api):
    """Timestamps end in `_time` and are in the imperative: `create_time`. https://google.aip.dev/142"""
    if not re.search("_times?$", field.name) or _PAST.search(field.name):
        yield "is no name of a time"


@rule("fields", lambda field, api: bool(re.search("_(time|at|timestamp)$", field.name)))
def aip_142_types(field, api):
    """What ends in `_time` is a Timestamp. https://google.aip.dev/142"""
    if not is_message(field, TIMESTAMP):
        yield "is no google.protobuf.Timestamp"


@rule("fields", lambda field, api: field.type in _NUMBERS)
def aip_142_durations(field, api):
    """How long something takes is a Duration, not a number of seconds. https://google.aip.dev/142"""
    if _DURATION.search(field.name):
        yield "is a number"


@rule("fields", lambda field, api: field.message_type is not None)
def aip_146_any(field, api):
    """Nothing is an Any, of which a client knows nothing. https://google.aip.dev/146"""
    if is_message(field, "google.protobuf.Any"):
        yield "is an Any"


@rule("fields")
def aip_148_types(field, api):
    """Standard fields have their standard types. https://google.aip.dev/148"""
    if field.name in _STANDARD_TIMES and not is_message(field, TIMESTAMP):
        yield "is no google.protobuf.Timestamp"
    if field.name in _STANDARD_STRINGS and not is_string(field):
        yield "is no string"


@rule("fields", lambda field, api: field.name in _SWITCHES)
def aip_163_switches(field, api):
    """What a method is asked to do otherwise is a bool: to try only, to force, to create what is missing. https://google.aip.dev/163"""
    if field.type != FieldDescriptor.TYPE_BOOL or field.is_repeated:
        yield "is no bool"


@rule("fields", lambda field, api: field.name.endswith("_mask"))
def aip_161_masks(field, api):
    """What ends in `_mask` is a FieldMask. https://google.aip.dev/161"""
    if not is_message(field, FIELD_MASK):
        yield "is no google.protobuf.FieldMask"


@rule("fields", lambda field, api: field.name == "order_by")
def aip_132_order(field, api):
    """The order of a List is a string. https://google.aip.dev/132"""
    if not is_string(field):
        yield "is no string"


@rule("resources")
def aip_148_resources(message, api):
    """A resource tells when it was created and last changed, and has an etag. https://google.aip.dev/148"""
    for name in ("create_time", "update_time", "etag"):
        if name not in message.fields_by_name:
            yield f"no {name}"


@rule("fields", lambda field, api: field.name == "etag")
def aip_154_type(field, api):
    """An etag is a string. https://google.aip.dev/154"""
    if not is_string(field):
        yield "is no string"
