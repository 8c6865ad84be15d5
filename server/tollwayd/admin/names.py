"""Which resource names callers may use; `core.resource_names` says how they are made."""

from __future__ import annotations

import re

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.resource_names import TENANTS

__all__ = ["require_name"]

_ID = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_TENANT = re.compile(f"tenants/{_ID}")
_CHILD = re.compile(f"tenants/{_ID}/([A-Za-z]+)/{_ID}")


def require_name(kind: str, name: str) -> None:
    """REASON_RESOURCE_NOT_FOUND for a name that no resource of the kind can have: it is as good as any unknown one,
    and must not reach the store, where its characters might mean something."""
    if kind == TENANTS:
        fits = _TENANT.fullmatch(name) is not None
    else:
        match = _CHILD.fullmatch(name)
        fits = match is not None and match[1] == kind
    if not fits:
        raise TollwayError(Reason.REASON_RESOURCE_NOT_FOUND)
