"""Names of counts. Callers choose some of what they are made of, so no two values may ever look the same in one."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from urllib.parse import quote

MAX_PART: Final = 128
"""Bytes of a value in a count's name; of a longer one stands its hash, behind a mark that no value has."""

MOST_KEPT: Final = 4_096
"""Values of at most MAX_PART characters that are kept as they stand in names."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:@/+-]{0,64}")


def part(value: str) -> str:
    """A value as it stands in a count's name: without a bar, a space, a control character; different for each value."""
    return _kept(value) if len(value) <= MAX_PART else _part(value)


def _part(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = quote(value, safe=":@/+", encoding="utf-8", errors="surrogatepass")
    return escaped if len(escaped) <= MAX_PART else f"#{blake2b(escaped.encode(), digest_size=16).hexdigest()}"


_kept: Final = lru_cache(MOST_KEPT)(_part)
