"""Resources and their names: AIP-121 to AIP-124 and AIP-156."""

from __future__ import annotations

import re

from google.api import resource_pb2

from tests.unit.api.asking import (
    STRING,
    bindings,
    camel,
    has_target,
    is_singleton,
    is_string,
    snake,
    standard,
    target,
    verb,
)
from tests.unit.api.library import resource_of, rule
from tollwayd.openapi.descriptors import option

_COLLECTION = re.compile("[a-z][a-zA-Z0-9]*s")
_NAMES_OF_PEOPLE = {"display_name", "given_name", "family_name"}


@rule("methods", verb("Get", "List", "Create", "Update", "Delete"))
def aip_121_resource(method, api):
    """A standard method is about a resource. https://google.aip.dev/121"""
    if target(method, api) is None:
        yield f"{standard(method)[1]} is no resource of the package"


@rule("resources")
def aip_121_get_and_list(message, api):
    """A resource has a Get and, unless it is a singleton, a List. https://google.aip.dev/121"""
    found = {standard(method)[0] for method in api.methods if target(method, api) is message}
    needed = {"Get"} if is_singleton(message) else {"Get", "List"}
    for missing in sorted(needed - found):
        yield f"no {missing} method"


@rule("resources", lambda message, api: is_singleton(message))
def aip_156_singleton(message, api):
    """A singleton is there with its parent: it is neither created nor deleted. https://google.aip.dev/156"""
    found = {standard(method)[0] for method in api.methods if target(method, api) is message}
    for verb_of in sorted(found & {"Create", "Delete"}):
        yield f"has a {verb_of} method"


@rule("resources")
def aip_122_name(message, api):
    """A resource has its name in `string name`. https://google.aip.dev/122"""
    if not is_string(message.fields_by_name.get("name")):
        yield "no `string name`"


@rule("resources")
def aip_122_collections(message, api):
    """Collections of a pattern are plurals in lower camel case, each followed by a variable. https://google.aip.dev/122"""
    for pattern in resource_of(message).pattern:
        parts = pattern.split("/")
        if is_singleton(message):
            parts.pop()
        for collection in parts[::2]:
            if not _COLLECTION.fullmatch(collection):
                yield f"{collection} in {pattern}"
        if len(parts) % 2 or not all(re.fullmatch(r"\{[a-z][a-z0-9_]*\}", part) for part in parts[1::2]):
            yield f"{pattern} does not alternate collections and variables"


@rule("fields", lambda field, api: field.name.endswith("_name"))
def aip_122_name_suffix(field, api):
    """A field that refers to a resource has no `_name` at its end. https://google.aip.dev/122"""
    if field.name not in _NAMES_OF_PEOPLE:
        yield "ends in `_name`"


@rule("resources")
def aip_123_type(message, api):
    """A resource's type is its service's name, a slash and the message's name; no other has it. https://google.aip.dev/123"""
    kind = resource_of(message).type
    if not re.fullmatch(rf"[a-z0-9.-]+\.[a-z]+/{message.name}", kind):
        yield f"type {kind}"
    if [resource_of(other).type for other in api.resources].count(kind) > 1:
        yield f"another resource has the type {kind}"


@rule("resources")
def aip_123_pattern(message, api):
    """A resource has a pattern, which ends in its singular: a variable, or of a singleton the word. https://google.aip.dev/123"""
    resource = resource_of(message)
    end = resource.singular if is_singleton(message) else f"{{{snake(resource.singular)}}}"
    if not resource.pattern:
        yield "no pattern"
    for pattern in resource.pattern:
        if pattern.rpartition("/")[2] != end:
            yield f"{pattern} does not end in {end}"


@rule("resources")
def aip_123_singular_and_plural(message, api):
    """A resource names its singular, the type in lower camel case, and its plural, the collection. https://google.aip.dev/123"""
    resource = resource_of(message)
    if resource.singular != camel(message.name):
        yield f"singular {resource.singular}"
    for pattern in [] if is_singleton(message) else resource.pattern:
        if resource.plural != pattern.split("/")[-2:][0]:
            yield f"plural {resource.plural} of {pattern}"


@rule("methods")
def aip_123_templates(method, api):
    """A variable of an HTTP template that spans segments has the pattern of a resource. https://google.aip.dev/123"""
    patterns = {
        re.sub(r"\{[^}]*\}", "*", pattern) for message in api.resources for pattern in resource_of(message).pattern
    }
    for binding in bindings(method):
        for path, pattern in binding.variables.items():
            if pattern not in {"*", "**"} and pattern not in patterns:
                yield f"{path}={pattern} is no resource's pattern"


@rule("fields")
def aip_124_references(field, api):
    """A reference names the type of a resource that exists, and is a string. https://google.aip.dev/124"""
    reference = option(field, resource_pb2.resource_reference)
    known = {"", "*"} | {resource_of(message).type for message in api.resources}
    for kind in (reference.type, reference.child_type):
        if kind not in known:
            yield f"no resource has the type {kind}"
    if (reference.type or reference.child_type) and field.type != STRING:
        yield "is no string"


@rule("methods", has_target("Get", "List", "Create", "Delete"))
def aip_124_requests(method, api):
    """A request's name refers to the resource, its parent to what owns such. https://google.aip.dev/124"""
    kind, fields = resource_of(target(method, api)).type, method.input_type.fields_by_name
    if (name := fields.get("name")) and option(name, resource_pb2.resource_reference).type != kind:
        yield f"name does not refer to {kind}"
    parent = fields.get("parent")
    # Either form will do: what the parent owns, or what the parent is.
    if parent and not _refers(option(parent, resource_pb2.resource_reference), kind):
        yield f"parent does not refer to what owns {kind}"


def _refers(reference, kind):
    return reference.child_type == kind or bool(reference.type)
