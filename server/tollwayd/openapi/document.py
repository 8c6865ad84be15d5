"""The OpenAPI document of one API: all services of a protobuf package, or some that are named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tollwayd.openapi.errors import CALL_ID_HEADER, Errors
from tollwayd.openapi.operations import all_rules, operation, rules, template, verb
from tollwayd.openapi.paths import Paths
from tollwayd.openapi.reasons import reasons
from tollwayd.openapi.schemas import Schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from google.protobuf.descriptor import ServiceDescriptor

    from tollwayd.openapi.descriptors import Descriptors

_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The key as `Authorization: Bearer KEY`."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The key in a header of its own."},
}
"""Where a caller's credential may stand."""

_DESCRIPTION: Final = """\
JSON is that of protobuf: names in camelCase, enums as names, 64-bit integers as strings, times after RFC 3339 and \
durations in seconds (`1.5s`). Names in `snake_case` are taken, too.

An error is a google.rpc.Status%s, unless an operation says otherwise."""
_WITH_REASON: Final = " whose `details` hold a google.rpc.ErrorInfo with a `reason`"


class Wanted(NamedTuple):
    """Which document is wanted: `package` is its services', `services` are some of them alone, by full name, and may be
    of any package then. `servers` are URLs; without any it is served with its API. `open` says that nobody asks for a
    credential.

    `errors` names the enum of error reasons, `unseen` are patterns of those that no caller of this API is told, and
    `domain` is that of google.rpc.ErrorInfo.
    """

    package: str
    title: str
    services: Sequence[str] = ()
    open: bool = False
    servers: Sequence[str] = ()
    errors: str = ""
    unseen: Sequence[str] = ()
    domain: str = ""


def document(descriptors: Descriptors, wanted: Wanted) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a package. Its version is the package's: `v1` of `bookstore.v1`.

    The order of all keys follows from the protos. ValueError where two rules claim one path and HTTP method, or a
    comment's example cannot be read.
    """
    schemas = Schemas(descriptors, wanted.package)
    services = descriptors.services(wanted.package, wanted.services)
    errors = Errors(schemas, reasons(descriptors, wanted.errors, wanted.unseen) if wanted.errors else [], wanted.domain)
    paths = _paths(services, schemas, errors)
    version = (wanted.package or services[0].file.package).rpartition(".")[2]
    description = _DESCRIPTION % (_WITH_REASON if wanted.errors else "")
    info = {"title": wanted.title, "version": version, "description": description}
    made: dict[str, Any] = {"openapi": "3.1.0", "info": info}
    if wanted.servers:
        made["servers"] = [{"url": url} for url in wanted.servers]
    return made | {
        "security": [] if wanted.open else [{name: []} for name in _SECURITY],
        "tags": [_tag(service, descriptors) for service in services],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": dict(sorted(errors.components.items())),
            "headers": {"X-Request-Id": CALL_ID_HEADER},
            "securitySchemes": {} if wanted.open else _SECURITY,
        },
    }


def _paths(services: Iterable[ServiceDescriptor], schemas: Schemas, errors: Errors) -> dict[str, Any]:
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
            item[verb(rule)] = {"operationId": name} | operation(method, rule, path, schemas, errors)
    return paths


def _tag(service: ServiceDescriptor, descriptors: Descriptors) -> dict[str, str]:
    said = [descriptors.comment(service.full_name), *_streams(service, descriptors)]
    description = "\n\n".join(filter(None, said))
    return {"name": service.name} | ({"description": description} if description else {})


def _streams(service: ServiceDescriptor, descriptors: Descriptors) -> Iterator[str]:
    """What OpenAPI has no words for: methods that take a stream of requests."""
    templates = Paths(descriptors.resource_patterns())
    for method in service.methods:
        places = [f"`{verb(rule).upper()} {templates.expand(template(rule)).path}`" for rule in all_rules(method)]
        if method.client_streaming and places:
            forms = "messages a line each or in an array, a WebSocket, or gRPC"
            comment = descriptors.comment(method.full_name)
            yield f"`{method.name}` takes a stream of requests at {' or '.join(places)}: {forms}. {comment}".rstrip()
