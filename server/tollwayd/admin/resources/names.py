"""Which resource names callers may use; `core.resource_names` says how they are made."""

from __future__ import annotations

import re

from tollwayd.core.resource_errors import no_such_name
from tollwayd.core.resource_names import ROOTS

__all__ = ["require_name"]

_ID = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ROOT = re.compile(f"([A-Za-z]+)/{_ID}")
_CHILD = re.compile(f"tenants/{_ID}/([A-Za-z]+)/{_ID}")


def require_name(kind: str, name: str) -> None:
    """REASON_RESOURCE_NOT_FOUND for a name that no resource of the kind can have: it is as good as any unknown one,
    and must not reach the store, where its characters might mean something."""
    match = (_ROOT if kind in ROOTS else _CHILD).fullmatch(name)
    if match is None or match[1] != kind:
        raise no_such_name()
