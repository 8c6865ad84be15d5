"""Custom methods that a caller has misspelt (AIP-136): a verb that nothing serves is answered with those that are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import Reason, TollwayError, listed

if TYPE_CHECKING:
    from tollwayd.translator.rules.routes import RouteTable
    from tollwayd.translator.wires.wire import Endpoint

_OF_A_NAME: Final = (Reason.REASON_RESOURCE_NOT_FOUND, Reason.REASON_FIELD_INVALID)
"""What a method refuses a name for that has such a verb in it."""


def unknown_verb(routes: RouteTable[Endpoint], path: str) -> TollwayError | None:
    """REASON_ROUTE_NOT_FOUND for a path with a verb that is none of those that its resource has; None for others."""
    said = _said(routes, path)
    return TollwayError(Reason.REASON_ROUTE_NOT_FOUND, said) if said else None


def with_verbs(error: TollwayError, routes: RouteTable[Endpoint], path: str) -> TollwayError:
    """The error of a method that took such a verb for a part of a name (google/api/http.proto), with the same said."""
    if error.reason not in _OF_A_NAME or not (said := _said(routes, path)):
        return error
    message = f"{error.message.removesuffix('.')}. {said}"
    return TollwayError(error.reason, message, metadata=error.metadata, violations=error.violations)


def _said(routes: RouteTable[Endpoint], path: str) -> str:
    verbs = routes.other_verbs(path)
    return f"There is no custom method of this name here, only {listed(verbs)}." if verbs else ""
