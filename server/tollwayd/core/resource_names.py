"""Resource names (AIP-122): `tenants/{id}`, and `tenants/{tenant}/{kind}/{id}` for everything that a tenant owns.

These take names apart that are known to be some; they raise nothing and judge nothing.
"""

from __future__ import annotations

__all__ = ["TENANTS", "child_name", "id_of", "kind_of", "tenant_of"]

TENANTS = "tenants"


def child_name(parent: str, kind: str, child_id: str) -> str:
    """`tenants/acme`, `models`, `gpt` → `tenants/acme/models/gpt`."""
    return f"{parent}/{kind}/{child_id}"


def tenant_of(name: str) -> str:
    """`tenants/acme/models/gpt` → `tenants/acme`."""
    return "/".join(name.split("/", 2)[:2])


def kind_of(name: str) -> str:
    """`tenants/acme/models/gpt` → `models`."""
    return name.rpartition("/")[0].rpartition("/")[2]


def id_of(name: str) -> str:
    """`tenants/acme/models/gpt` → `gpt`."""
    return name.rpartition("/")[2]
