"""What callers give and what the service gives: AIP-203."""

from __future__ import annotations

from google.api.field_behavior_pb2 import (
    IDENTIFIER,
    IMMUTABLE,
    INPUT_ONLY,
    OPTIONAL,
    OUTPUT_ONLY,
    REQUIRED,
    UNORDERED_LIST,
)

from tests.unit.api.asking import behaviors, is_raw, snake, target
from tests.unit.api.library import rule

_GIVEN_BY_SERVICE = {"create_time", "update_time", "delete_time", "purge_time", "uid"}
_CONTRADICTIONS = ({REQUIRED, OPTIONAL}, {REQUIRED, OUTPUT_ONLY}, {INPUT_ONLY, OUTPUT_ONLY}, {IMMUTABLE, OUTPUT_ONLY})


@rule("resources")
def aip_203_identifier(message, api):
    """A resource's name is its IDENTIFIER. https://google.aip.dev/203"""
    name = message.fields_by_name.get("name")
    if name is not None and IDENTIFIER not in behaviors(name):
        yield "its name is no IDENTIFIER"


@rule("fields", lambda field, api: IDENTIFIER in behaviors(field))
def aip_203_identifier_alone(field, api):
    """Nothing but a resource's name is an IDENTIFIER. https://google.aip.dev/203"""
    if field.name != "name" or field.containing_type not in api.resources:
        yield "is no resource's name"


@rule("resources")
def aip_203_output_only(message, api):
    """What the service alone knows is OUTPUT_ONLY. https://google.aip.dev/203"""
    for field in message.fields:
        if field.name in _GIVEN_BY_SERVICE and OUTPUT_ONLY not in behaviors(field):
            yield f"{field.name} is not OUTPUT_ONLY"


@rule("methods", lambda method, api: not is_raw(method))
def aip_203_required(method, api):
    """A request's name, its parent and the resource to be written are REQUIRED. https://google.aip.dev/203"""
    resource = target(method, api)
    names = {"name", "parent"} | ({snake(resource.name)} if resource is not None else set())
    for field in method.input_type.fields:
        if field.name in names and REQUIRED not in behaviors(field):
            yield f"{field.name} is not REQUIRED"


@rule("fields")
def aip_203_contradictions(field, api):
    """Behaviours do not contradict each other. https://google.aip.dev/203"""
    for pair in _CONTRADICTIONS:
        if pair <= set(behaviors(field)):
            yield "two behaviours exclude each other"
    if UNORDERED_LIST in behaviors(field) and not field.is_repeated:
        yield "UNORDERED_LIST of one"
