"""The OpenAPI document of one API: all services of a protobuf package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tollwayd.openapi.operations import operation, rules, template, verb
from tollwayd.openapi.paths import Paths
from tollwayd.openapi.reasons import error_responses
from tollwayd.openapi.schemas import Schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from google.protobuf.descriptor import ServiceDescriptor

    from tollwayd.openapi.descriptors import Descriptors

_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
"""Where a caller's credential may stand."""


def document(
    descriptors: Descriptors, package: str, *, title: str, servers: Sequence[str] = (), errors: str = ""
) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a package. Its version is the package's: `v1` of `bookstore.v1`.

    `servers` are URLs, `errors` names the enum of error reasons. The order of all keys follows from the protos.
    ValueError where two rules claim one path and HTTP method.
    """
    schemas = Schemas(descriptors, package)
    services = descriptors.services(package)
    paths = _paths(services, schemas)
    responses = error_responses(schemas, errors)
    made: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": title, "version": package.rpartition(".")[2]}}
    if servers:
        made["servers"] = [{"url": url} for url in servers]
    return made | {
        "security": [{name: []} for name in _SECURITY],
        "tags": [_tag(service, descriptors) for service in services],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": responses,
            "securitySchemes": _SECURITY,
        },
    }


def _paths(services: Iterable[ServiceDescriptor], schemas: Schemas) -> dict[str, Any]:
    templates = Paths(schemas.descriptors.resource_patterns())
    paths: dict[str, Any] = {}
    for method in (method for service in services for method in service.methods):
        for count, rule in enumerate(rules(method), start=1):
            path = templates.expand(template(rule))
            item = paths.setdefault(path.path, {})
            if verb(rule) in item:
                raise ValueError(f"{method.full_name}: another rule has {verb(rule).upper()} {path.path} already")
            # Additional bindings of one RPC need ids of their own.
            name = f"{method.containing_service.name}_{method.name}" + (f"_{count}" if count > 1 else "")
            item[verb(rule)] = {"operationId": name} | operation(method, rule, path, schemas)
    return paths


def _tag(service: ServiceDescriptor, descriptors: Descriptors) -> dict[str, str]:
    comment = descriptors.comment(service.full_name)
    return {"name": service.name} | ({"description": comment} if comment else {})
