"""The error responses of an API, one for each HTTP status: google.rpc.Status, and its reasons (AIP-193)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from google.rpc.status_pb2 import Status

from tollwayd.openapi.conditional import READS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tollwayd.openapi.reasons import Reason
    from tollwayd.openapi.schemas import Schemas
    from tollwayd.openapi.wellknown import Schema

COMPONENT: Final = "ErrorReason"
"""The schema that lists the reasons."""

CALL_ID: Final = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
"""The header of every response."""

CALL_ID_HEADER: Final = {
    "description": "The call's id, under which the server's log has it.",
    "schema": {"type": "string"},
}

_ABOUT_BODIES: Final = frozenset({408, 413, 415})
"""The statuses that speak of the request's body (RFC 9110, section 15.5)."""

_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
_CONFLICT: Final = 409
_PRECONDITION_FAILED: Final = 412
_STALE: Final = "The resource is no longer the one that `If-Match` names; nothing was done."

_HEADERS: Final[Mapping[int, tuple[str, str]]] = {
    401: ("WWW-Authenticate", "The scheme of credentials: `Bearer`."),
    405: ("Allow", "The HTTP methods that the path has."),
    429: ("Retry-After", "In how many seconds to try again, where that is known."),
    503: ("Retry-After", "In how many seconds to try again, where that is known."),
}


class Errors:
    """The errors of an API with these reasons; without any, each operation has the one response `default`.

    `domain` is that of google.rpc.ErrorInfo. `components` are the responses that operations refer to.
    """

    def __init__(self, schemas: Schemas, reasons: Sequence[Reason], domain: str) -> None:
        self._status = schemas.message(Status.DESCRIPTOR)
        self._reasons = reasons
        self._domain = domain
        self._statuses = {reason.http_status for reason in reasons}
        self.components: dict[str, Schema] = {}
        if reasons:
            schemas.components[COMPONENT] = _reasons_schema(reasons)

    def responses(self, verb: str, *, raw: bool, has_body: bool, conditional: bool) -> dict[str, Schema]:
        """The error responses of an operation, by status. With `raw` they are bodies in a service's own format."""
        if not self._reasons:
            return {"default": self._reference("Error", 0, raw=raw)}
        seen = self._statuses if has_body else self._statuses - _ABOUT_BODIES
        if verb in READS:
            seen = seen - {_CONFLICT}
        if conditional:
            seen = seen | {_PRECONDITION_FAILED}
        return {str(status): self._reference(f"Error{status}", status, raw=raw) for status in sorted(seen)}

    def _reference(self, name: str, status: int, *, raw: bool) -> Schema:
        name = f"Raw{name}" if raw else name
        self.components.setdefault(name, self._response(status, raw=raw))
        return {"$ref": f"#/components/responses/{name}"}

    def _response(self, status: int, *, raw: bool) -> Schema:
        reasons = [reason for reason in self._reasons if reason.http_status == status]
        description = "\n".join(_description(status, reasons))
        if raw:
            content: Schema = {"*/*": {}}
            description += "\n\nThe body is an error in the format of this very service."
        else:
            content = {"application/json": self._json(reasons)}
        return {"description": description, "headers": CALL_ID | _headers(status), "content": content}

    def _json(self, reasons: Sequence[Reason]) -> Schema:
        shown = {reason.name: {"summary": reason.text, "value": self._example(reason)} for reason in reasons}
        return {"schema": self._status} | ({"examples": shown} if shown else {})

    def _example(self, reason: Reason) -> dict[str, Any]:
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason.name, "domain": self._domain}
        return {"code": reason.code, "message": reason.text, "details": [info]}


def _headers(status: int) -> Schema:
    if status not in _HEADERS:
        return {}
    name, description = _HEADERS[status]
    return {name: {"description": description, "schema": {"type": "string"}}}


def _description(status: int, reasons: Sequence[Reason]) -> Iterator[str]:
    yield f"{_PHRASES.get(status, 'An error')}."
    if reasons:
        yield ""
        yield from (f"- `{reason.name}`: {reason.text}" for reason in reasons)
    elif status == _PRECONDITION_FAILED:
        yield f"\n{_STALE}"


def _reasons_schema(reasons: Sequence[Reason]) -> Schema:
    rows = "\n".join(f"| `{reason.name}` | {reason.http_status} | {reason.text} |" for reason in reasons)
    return {
        "type": "string",
        "description": "The `reason` of the google.rpc.ErrorInfo in an error's `details`.\n\n"
        f"| reason | HTTP status | meaning |\n| --- | --- | --- |\n{rows}",
        "enum": [reason.name for reason in reasons],
    }
