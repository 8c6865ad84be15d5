"""Resource names (AIP-122): `tenants/{id}`, and `tenants/{tenant}/{kind}/{id}` for everything that a tenant owns."""

from __future__ import annotations

import re

from tollwayd.core.errors import Reason, TollwayError

__all__ = ["TENANTS", "child_name", "id_of", "require_name", "tenant_of"]

TENANTS = "tenants"

_ID = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_TENANT = re.compile(f"tenants/{_ID}")
_CHILD = re.compile(f"tenants/{_ID}/([A-Za-z]+)/{_ID}")


def child_name(parent: str, kind: str, child_id: str) -> str:
    """`tenants/acme`, `models`, `gpt` → `tenants/acme/models/gpt`."""
    return f"{parent}/{kind}/{child_id}"


def tenant_of(name: str) -> str:
    """`tenants/acme/models/gpt` → `tenants/acme`."""
    return "/".join(name.split("/", 2)[:2])


def id_of(name: str) -> str:
    """`tenants/acme/models/gpt` → `gpt`."""
    return name.rpartition("/")[2]


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
