"""HTTP templates: AIP-127, and what our own REST door takes."""

from __future__ import annotations

from tests.unit.api.asking import bindings, field_at, is_string
from tests.unit.api.library import rule


@rule("methods")
def aip_127_annotation(method, api):
    """Every method can be called over HTTP. https://google.aip.dev/127"""
    if not bindings(method):
        yield "no google.api.http"
    if method.client_streaming:
        yield "a stream of requests has no form in HTTP"


@rule("methods")
def aip_127_version(method, api):
    """A path begins with the version of its package. https://google.aip.dev/127"""
    version = method.containing_service.file.package.rpartition(".")[2]
    for binding in bindings(method):
        if not binding.template.startswith(f"/{version}/"):
            yield binding.template


@rule("methods")
def aip_127_variables(method, api):
    """Variables of a template name string fields of the request. https://google.aip.dev/127"""
    for binding in bindings(method):
        for path in binding.variables:
            if not is_string(field_at(method.input_type, path)):
                yield f"{path} is no string of {method.input_type.name}"


@rule("methods")
def aip_127_body(method, api):
    """A body is `*` or a message of the request; GET and DELETE have none. https://google.aip.dev/127"""
    for binding in bindings(method):
        field = method.input_type.fields_by_name.get(binding.body)
        if binding.body not in {"", "*"} and (field is None or field.message_type is None):
            yield f"{binding.body} is no message of {method.input_type.name}"
        if binding.body and binding.verb in {"get", "delete"}:
            yield f"{binding.verb} with a body"


@rule("methods")
def house_templates_are_unique(method, api):
    """No two methods of a package take the same path with the same HTTP method."""
    package = method.containing_service.file.package
    others = [other for other in api.methods if other is not method]
    taken = {
        (binding.verb, binding.shape): other.full_name
        for other in others
        if other.containing_service.file.package == package
        for binding in bindings(other)
    }
    for binding in bindings(method):
        if other := taken.get((binding.verb, binding.shape)):
            yield f"{binding.verb} {binding.template} is {other}'s too"


@rule("methods")
def house_templates_are_clean(method, api):
    """Paths have no slash at the end and no empty segment, which proxies fold or cut."""
    for binding in bindings(method):
        if binding.shape.endswith("/") or "//" in binding.shape:
            yield binding.template
