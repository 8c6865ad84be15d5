"""Enums, states and reasons of errors: AIP-126, AIP-193 and AIP-216."""

from __future__ import annotations

import re

from google.api.field_behavior_pb2 import OUTPUT_ONLY

from tests.unit.api.asking import behaviors, snake
from tests.unit.api.library import rule
from tollway.error.v1 import reason_pb2
from tollwayd.openapi.descriptors import option

# Values of google.rpc.Code that may become 5xx; all others are the caller's fault.
_SERVER_CODES = {2, 4, 12, 13, 14, 15}


def _is_reason(value, api):
    return value.type.name == "Reason" and value.number != 0


@rule("enums")
def aip_126_unspecified(enum, api):
    """The first value of an enum is its name with `_UNSPECIFIED`, and zero. https://google.aip.dev/126"""
    expected = f"{snake(enum.name).upper()}_UNSPECIFIED"
    if enum.values[0].name != expected or enum.values[0].number != 0:
        yield f"{enum.values[0].name} stands where {expected} should"


@rule("values")
def aip_126_upper_snake(value, api):
    """Values are in upper snake case. https://google.aip.dev/126"""
    if not re.fullmatch("[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", value.name):
        yield "is not upper snake case"


@rule("values", lambda value, api: value.type.containing_type is None)
def aip_126_prefix(value, api):
    """Values of an enum outside messages begin with its name, as C++ wants them apart. https://google.aip.dev/126"""
    prefix = f"{snake(value.type.name).upper()}_"
    if not value.name.startswith(prefix):
        yield f"does not begin with {prefix}"


@rule("values", _is_reason)
def aip_193_reason_rules(value, api):
    """A reason has a rule: a code, the HTTP status of its class, and a text in sentences. https://google.aip.dev/193"""
    given = option(value, reason_pb2.rule)
    if not given.code:
        yield "no code"
    if not 400 <= given.http_status < (600 if given.code in _SERVER_CODES else 500):
        yield f"HTTP status {given.http_status} with code {given.code}"
    if not re.fullmatch(r"[A-Z].*\.", given.text):
        yield f"text {given.text!r}"


@rule("values", _is_reason)
def aip_193_reason_names(value, api):
    """A reason has at most 63 characters without its prefix, as ErrorInfo has it. https://google.aip.dev/193"""
    if not re.fullmatch("[A-Z][A-Z0-9_]+[A-Z0-9]", value.name.removeprefix("REASON_")[:64]) or len(value.name) > 70:
        yield f"{len(value.name)} characters"


@rule("enums")
def aip_216_synonyms(enum, api):
    """What tells where something is in its life is a State, not a Status. https://google.aip.dev/216"""
    if enum.name.endswith("Status"):
        yield "is called a status"


@rule("fields", lambda field, api: field.enum_type is not None and field.enum_type.name.endswith("State"))
def aip_216_output_only(field, api):
    """A state is OUTPUT_ONLY: methods change it, not callers. https://google.aip.dev/216"""
    if OUTPUT_ONLY not in behaviors(field):
        yield "is not OUTPUT_ONLY"
