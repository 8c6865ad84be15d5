"""Resource names as the store keeps them: in collections, by parent; `core.resource_names` says how they are made."""

from __future__ import annotations

from tollwayd.core.resource_errors import not_found
from tollwayd.core.resource_names import ROOTS, tenant_of


def collection_of(kind: str, parent: str) -> str:
    """The collection that holds a parent's resources of a kind: `tenants/acme/models`."""
    return f"{parent}/{kind}" if parent else kind


def parent_of(kind: str, name: str) -> str:
    """The parent in a name of that kind, empty for a root. TollwayError REASON_RESOURCE_NOT_FOUND for other names."""
    match name.split("/"):
        case [collection, leaf] if collection == kind and kind in ROOTS and leaf:
            return ""
        case ["tenants", owner, collection, leaf] if collection == kind and kind not in ROOTS and owner and leaf:
            return tenant_of(name)
    raise not_found(name)


def lex_range(collection: str, after: str = "") -> tuple[str, str]:
    """The bounds, as ZRANGEBYLEX takes them, of a collection's names that come after `after`."""
    # The range ends before the first string that "/" cannot start: "0" is the next byte after "/".
    start = f"({after}" if after > f"{collection}/" else f"[{collection}/"
    return start, f"({collection}0"
