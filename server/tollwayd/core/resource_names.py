"""Resource names (AIP-122): `tenants/{id}`, and `tenants/{tenant}/{kind}/{id}` for everything that a tenant owns; the
other root collections are the operator's own, and their resources own nothing that is configuration.

These take names apart that are known to be some; they raise nothing and judge nothing.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "BILLING_ACCOUNTS",
    "PLANS",
    "ROOTS",
    "TENANTS",
    "child_name",
    "id_of",
    "is_of_tenant",
    "kind_of",
    "tenant_of",
]

TENANTS: Final = "tenants"
PLANS: Final = "plans"
BILLING_ACCOUNTS: Final = "billingAccounts"

ROOTS: Final = frozenset({TENANTS, PLANS, BILLING_ACCOUNTS})
"""The kinds of resources that have no parent."""


def child_name(parent: str, kind: str, child_id: str) -> str:
    """`tenants/acme`, `models`, `gpt` → `tenants/acme/models/gpt`."""
    return f"{parent}/{kind}/{child_id}"


def is_of_tenant(name: str) -> bool:
    """Whether it names a tenant or something that one owns."""
    return name.startswith(f"{TENANTS}/")


def tenant_of(name: str) -> str:
    """`tenants/acme/models/gpt` → `tenants/acme`."""
    return "/".join(name.split("/", 2)[:2])


def kind_of(name: str) -> str:
    """`tenants/acme/models/gpt` → `models`."""
    return name.rpartition("/")[0].rpartition("/")[2]


def id_of(name: str) -> str:
    """`tenants/acme/models/gpt` → `gpt`."""
    return name.rpartition("/")[2]
