"""Create, Update and Delete: AIP-133 to AIP-135, AIP-154 and AIP-155."""

from __future__ import annotations

from google.api import client_pb2

from tests.unit.api.asking import (
    BOOL,
    EMPTY,
    FIELD_MASK,
    bindings,
    field_at,
    has_target,
    is_message,
    is_nested,
    is_string,
    limits,
    names,
    snake,
    target,
    verb,
)
from tests.unit.api.library import resource_of, rule
from tollwayd.openapi.descriptors import option

_STANDARD = ("Get", "List", "Create", "Update", "Delete")
_UPDATE_FIELDS = {"update_mask", "allow_missing", "request_id", "validate_only"}
_DELETE_FIELDS = {"name", "etag", "force", "allow_missing", "request_id", "validate_only"}


@rule("methods", has_target("Create"))
def aip_133_http(method, api):
    """A Create is a POST to its parent's collection with the resource as body. https://google.aip.dev/133"""
    resource = target(method, api)
    variables = ["parent"] if is_nested(resource) else []
    for binding in bindings(method):
        if (binding.verb, list(binding.variables), binding.body) != ("post", variables, snake(resource.name)):
            yield f"{binding.verb} {binding.template} with the body {binding.body}"


@rule("methods", has_target("Create"))
def aip_133_request(method, api):
    """A Create takes the parent, the resource, the id of it, and little else. https://google.aip.dev/133"""
    resource, fields = target(method, api), method.input_type.fields_by_name
    noun = snake(resource.name)
    strings = {f"{noun}_id"} | ({"parent"} if is_nested(resource) else set())
    for name in sorted(strings):
        if not is_string(fields.get(name)):
            yield f"no `string {name}`"
    if not is_message(fields.get(noun), resource.full_name):
        yield f"no `{resource.name} {noun}`"
    for name in sorted(names(method.input_type) - strings - {noun, "request_id", "validate_only"}):
        yield f"takes {name}"


@rule("methods", has_target("Create", "Update"))
def aip_133_response(method, api):
    """A Create and an Update answer with the resource. https://google.aip.dev/133"""
    if method.output_type is not target(method, api):
        yield f"answers with {method.output_type.name}"


@rule("methods", has_target("Update"))
def aip_134_http(method, api):
    """An Update is a PATCH of the resource's name with the resource as body. https://google.aip.dev/134"""
    noun = snake(target(method, api).name)
    for binding in bindings(method):
        if (binding.verb, list(binding.variables), binding.body) != ("patch", [f"{noun}.name"], noun):
            yield f"{binding.verb} {binding.template} with the body {binding.body}"


@rule("methods", has_target("Update"))
def aip_134_request(method, api):
    """An Update takes the resource, a FieldMask `update_mask`, and little else. https://google.aip.dev/134"""
    resource, fields = target(method, api), method.input_type.fields_by_name
    noun = snake(resource.name)
    for name, kind in ((noun, resource.full_name), ("update_mask", FIELD_MASK)):
        if not is_message(fields.get(name), kind):
            yield f"{name} is no {kind}"
    for name in sorted(names(method.input_type) - _UPDATE_FIELDS - {noun}):
        yield f"takes {name}"


@rule("methods", verb("Delete"))
def aip_135_http(method, api):
    """A Delete is an HTTP DELETE of the name. https://google.aip.dev/135"""
    for binding in bindings(method):
        if (binding.verb, list(binding.variables)) != ("delete", ["name"]):
            yield f"{binding.verb} {binding.template}"


@rule("methods", verb("Delete"))
def aip_135_request(method, api):
    """A Delete takes the name and little else. https://google.aip.dev/135"""
    if not is_string(method.input_type.fields_by_name.get("name")):
        yield "no `string name`"
    for name in sorted(names(method.input_type) - _DELETE_FIELDS):
        yield f"takes {name}"


@rule("methods", has_target("Delete"))
def aip_135_response(method, api):
    """A Delete answers with Empty or with the resource. https://google.aip.dev/135"""
    if method.output_type.full_name not in {EMPTY, target(method, api).full_name}:
        yield f"answers with {method.output_type.name}"


@rule("methods", has_target("Delete"))
def aip_135_force(method, api):
    """A Delete of what may own other resources has `bool force`. https://google.aip.dev/135"""
    own = tuple(f"{pattern}/" for pattern in resource_of(target(method, api)).pattern)
    owns = any(pattern.startswith(own) for message in api.resources for pattern in resource_of(message).pattern)
    force = method.input_type.fields_by_name.get("force")
    if owns and (force is None or force.type != BOOL):
        yield "no `bool force`"


@rule("methods", has_target("Delete"))
def aip_154_delete(method, api):
    """A Delete of a resource with an etag takes the etag. https://google.aip.dev/154"""
    if "etag" in target(method, api).fields_by_name and "etag" not in method.input_type.fields_by_name:
        yield "no etag"


@rule("methods", has_target("Create", "Update", "Delete"))
def aip_133_request_name(method, api):
    """A writing method takes a message of its own. https://google.aip.dev/133"""
    if method.input_type.name != f"{method.name}Request":
        yield f"takes {method.input_type.name}"


@rule("fields", lambda field, api: field.name == "request_id")
def aip_155_request_id(field, api):
    """A `request_id` is a string that holds a UUID. https://google.aip.dev/155"""
    if not is_string(field) or limits(field).string.WhichOneof("well_known") not in {"uuid", "tuuid"}:
        yield "is no UUID"


@rule("methods", verb(*_STANDARD))
def aip_4232_signatures(method, api):
    """A standard method has a signature for client libraries, of fields that exist. https://google.aip.dev/client-libraries/4232"""
    signatures = option(method, client_pb2.method_signature)
    if not signatures:
        yield "no google.api.method_signature"
    for name in [name for signature in signatures for name in signature.split(",") if name]:
        if field_at(method.input_type, name) is None:
            yield f"{name} is no field of {method.input_type.name}"
