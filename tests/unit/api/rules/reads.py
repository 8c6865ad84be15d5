"""Get and List, pages and filters: AIP-131, AIP-132, AIP-158 and AIP-160."""

from __future__ import annotations

from tests.unit.api.asking import (
    INT32,
    STRING,
    bindings,
    has_target,
    is_nested,
    is_string,
    names,
    snake,
    standard,
    target,
    verb,
)
from tests.unit.api.library import rule

_GET_FIELDS = {"name", "read_mask", "view"}
_LIST_FIELDS = {"parent", "page_size", "page_token", "filter", "order_by", "skip", "show_deleted", "read_mask", "view"}
_PAGE_TYPES = {"page_size": INT32, "page_token": STRING, "next_page_token": STRING}


@rule("methods", verb("Get"))
def aip_131_http(method, api):
    """A Get is an HTTP GET of its name. https://google.aip.dev/131"""
    for binding in bindings(method):
        if (binding.verb, list(binding.variables)) != ("get", ["name"]):
            yield f"{binding.verb} {binding.template}"


@rule("methods", verb("Get"))
def aip_131_request(method, api):
    """A Get takes a message of its own with `string name` and little else. https://google.aip.dev/131"""
    if method.input_type.name != f"{method.name}Request":
        yield f"takes {method.input_type.name}"
    if not is_string(method.input_type.fields_by_name.get("name")):
        yield "no `string name`"
    for field in sorted(names(method.input_type) - _GET_FIELDS):
        yield f"takes {field}"


@rule("methods", has_target("Get"))
def aip_131_response(method, api):
    """A Get answers with the resource. https://google.aip.dev/131"""
    if method.output_type is not target(method, api):
        yield f"answers with {method.output_type.name}"


@rule("methods", verb("List"))
def aip_132_http(method, api):
    """A List is an HTTP GET of its parent's collection. https://google.aip.dev/132"""
    resource = target(method, api)
    expected = ["parent"] if resource is not None and is_nested(resource) else []
    for binding in bindings(method):
        if (binding.verb, list(binding.variables)) != ("get", expected):
            yield f"{binding.verb} {binding.template}"


@rule("methods", verb("List"))
def aip_132_request(method, api):
    """A List takes a message of its own with its parent, a page, a filter and little else. https://google.aip.dev/132"""
    request, resource = method.input_type, target(method, api)
    if request.name != f"{method.name}Request":
        yield f"takes {request.name}"
    if resource is not None and is_nested(resource) and not is_string(request.fields_by_name.get("parent")):
        yield "no `string parent`"
    for field in sorted(names(request) - _LIST_FIELDS):
        yield f"takes {field}"


@rule("methods", verb("List"))
def aip_132_response(method, api):
    """A List answers with a message of its own that repeats what is listed, under its plural. https://google.aip.dev/132"""
    plural, resource = snake(standard(method)[1]), target(method, api)
    field = method.output_type.fields_by_name.get(plural)
    if method.output_type.name != f"{method.name}Response":
        yield f"answers with {method.output_type.name}"
    if field is None or not field.is_repeated or (resource is not None and field.message_type is not resource):
        yield f"no repeated {plural}"


@rule("methods", verb("List"))
def aip_158_pages(method, api):
    """A List has pages from its first version on; they cannot be added later. https://google.aip.dev/158"""
    missing = {"page_size", "page_token"} - names(method.input_type) | {"next_page_token"} - names(method.output_type)
    for name in sorted(missing):
        yield f"no {name}"


@rule("fields", lambda field, api: field.name in _PAGE_TYPES)
def aip_158_types(field, api):
    """A `page_size` is an int32, tokens are strings. https://google.aip.dev/158"""
    if field.type != _PAGE_TYPES[field.name] or field.is_repeated:
        yield "is of another type"


@rule("methods", has_target("List"))
def aip_160_filter(method, api):
    """A List of resources can be filtered. https://google.aip.dev/160"""
    if "filter" not in method.input_type.fields_by_name:
        yield "no filter"


@rule("fields", lambda field, api: field.name == "filter")
def aip_160_type(field, api):
    """A filter is a string. https://google.aip.dev/160"""
    if not is_string(field):
        yield "is no string"
