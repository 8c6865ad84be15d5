"""Custom methods, long-running ones and batches: AIP-136, AIP-151 and AIP-231 to AIP-235."""

from __future__ import annotations

import re

from google.protobuf.unknown_fields import UnknownFieldSet

from tests.unit.api.asking import bindings, camel, is_custom, snake, standard, target, verb
from tests.unit.api.library import rule
from tests.unit.api.rules.words import PREPOSITIONS

OPERATION = "google.longrunning.Operation"
_OPERATION_INFO = 1049  # google.longrunning.operation_info, of which no stubs are installed.
_BATCHES = ("BatchGet", "BatchCreate", "BatchUpdate", "BatchDelete")


def _words(method):
    return snake(method.name).split("_")


@rule("methods", is_custom)
def aip_136_http(method, api):
    """A custom method is a POST of everything, or a GET. https://google.aip.dev/136"""
    for binding in bindings(method):
        if (binding.verb, binding.body) not in {("post", "*"), ("get", "")}:
            yield f"{binding.verb} with the body {binding.body!r}"


@rule("methods", is_custom)
def aip_136_verb(method, api):
    """A custom method's path ends in a colon and its verb, with the noun where no resource says it. https://google.aip.dev/136"""
    for binding in bindings(method):
        named = {"name", "parent"} & binding.variables.keys()
        expected = _words(method)[0] if named else camel(method.name)
        if binding.template.rpartition(":")[2] != expected:
            yield f"{binding.template} does not end in :{expected}"


@rule("methods", is_custom)
def aip_136_prepositions(method, api):
    """A custom method has no preposition in its name; a field says what it would. https://google.aip.dev/136"""
    yield from sorted(PREPOSITIONS.intersection(_words(method)))


@rule("methods", is_custom)
def aip_136_verb_and_noun(method, api):
    """A custom method's name is a verb and a noun. https://google.aip.dev/136"""
    if len(_words(method)) == 1:
        yield "is one word"


@rule("methods", is_custom)
def aip_136_messages(method, api):
    """A custom method takes its own request, and answers with its own response or the resource. https://google.aip.dev/136"""
    if method.input_type.name != f"{method.name}Request":
        yield f"takes {method.input_type.name}"
    answer = method.output_type
    if answer.name != f"{method.name}Response" and answer not in api.resources and answer.full_name != OPERATION:
        yield f"answers with {answer.name}"


@rule("methods", lambda method, api: method.output_type.full_name == OPERATION)
def aip_151_operation_info(method, api):
    """A long-running method says what its operation ends with and tells meanwhile. https://google.aip.dev/151"""
    known = {extension.number for extension, _ in method.GetOptions().ListFields()}
    unknown = {field.field_number for field in UnknownFieldSet(method.GetOptions())}
    if _OPERATION_INFO not in known | unknown:
        yield "no google.longrunning.operation_info"


@rule("methods", verb(*_BATCHES))
def aip_231_http(method, api):
    """A batch ends in its verb: BatchGet is a GET, the others POST everything. https://google.aip.dev/231"""
    kind = standard(method)[0]
    expected = ("get", "") if kind == "BatchGet" else ("post", "*")
    for binding in bindings(method):
        if (binding.verb, binding.body) != expected or not binding.template.endswith(f":{camel(kind)}"):
            yield f"{binding.verb} {binding.template}"


@rule("methods", verb(*_BATCHES))
def aip_233_request(method, api):
    """A batch repeats names, or the requests of the single method. https://google.aip.dev/233"""
    kind = standard(method)[0]
    fields = method.input_type.fields_by_name
    names = ["names"] if kind in {"BatchGet", "BatchDelete"} else []
    found = [name for name in (*names, "requests") if name in fields and fields[name].is_repeated]
    if not found:
        yield "repeats neither names nor requests"


@rule("methods", verb("BatchGet", "BatchCreate", "BatchUpdate"))
def aip_234_response(method, api):
    """A batch answers with a message of its own that repeats the resources. https://google.aip.dev/234"""
    field = method.output_type.fields_by_name.get(snake(re.sub("^Batch(Get|Create|Update)", "", method.name)))
    if field is None or not field.is_repeated or field.message_type is not target(method, api):
        yield "does not repeat the resources"
