"""Entity tags (AIP-154): a resource's version in quotes, as RFC 9110, section 8.8.3, writes a strong one."""

from __future__ import annotations

import re

from tollwayd.core.errors import invalid_field

__all__ = ["format_etag", "parse_etag"]

# The store counts in 64 bits; more digits than those have can be no version.
_ETAG = re.compile(r'"(0|[1-9][0-9]{0,18})"')


def format_etag(version: int) -> str:
    """42 → `"42"`, the quotes included."""
    return f'"{version}"'


def parse_etag(etag: str, field: str) -> int | None:
    """`"42"` → 42; None for an empty one. REASON_FIELD_INVALID for any other form, naming `field` (a JSON path)."""
    if not etag:
        return None
    match = _ETAG.fullmatch(etag)
    if match is None:
        raise invalid_field(field, 'has to be an etag as the resource shows it, quotes included, such as "42"')
    return int(match[1])
