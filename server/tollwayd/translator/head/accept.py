"""What a client takes (RFC 9110, section 12.5.1): whether its Accept header leaves a form that can be sent."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_CACHED_BYTES: Final = 512
"""Headers up to here are remembered: programs send a few short ones, and whatever else comes must not fill memory."""

MAX_RANGES: Final = 1000
"""Media ranges of a header; browsers send ten. One with more is taken as one that cannot be read."""

_NAME: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_RANGE: Final = re.compile(
    rf'[ \t,]*({_NAME})/({_NAME})((?:[ \t]*;[ \t]*{_NAME}=(?:{_NAME}|"(?:[^"\\]|\\.)*"))*)[ \t]*(?:,|\Z)'
)
_WEIGHT: Final = re.compile(r";[ \t]*[qQ]=([01](?:\.[0-9]{0,3})?)[ \t]*(?=;|\Z)")
_NOTHING_MORE: Final = re.compile(r"[ \t,]*\Z")

_Weights = dict[tuple[str, str], float]


def accepts(accept: str, media_types: tuple[str, ...]) -> bool:
    """Whether the header takes one of the media types. What is no Accept header takes all: it is a wish, and nothing in
    it can harm.
    """
    return _remembered(accept, media_types) if len(accept) <= _CACHED_BYTES else _accepts(accept, media_types)


def names(accept: str, media_type: str) -> bool:
    """Whether the header asks for the media type by its name; in one that cannot be read the name is enough."""
    if media_type not in accept.lower():
        return False
    kind, _, name = media_type.partition("/")
    weights = _weights(accept)
    return weights is None or weights.get((kind, name), 0) > 0


def _accepts(accept: str, media_types: tuple[str, ...]) -> bool:
    weights = _weights(accept)
    return not weights or any(_weight(weights, media_type) > 0 for media_type in media_types)


_remembered: Final = lru_cache(maxsize=256)(_accepts)


def _weights(accept: str) -> _Weights | None:
    """The weight of each media range; None where the header cannot be read."""
    found: _Weights = {}
    place = count = 0
    while not _NOTHING_MORE.match(accept, place):
        part = _RANGE.match(accept, place)
        if part is None or count == MAX_RANGES:
            return None
        count += 1
        weight = _WEIGHT.search(part[3])
        range_ = (part[1].lower(), part[2].lower())
        found[range_] = max(found.get(range_, 0), float(weight[1]) if weight else 1)
        place = part.end()
    return found


def _weight(weights: _Weights, media_type: str) -> float:
    """The weight of the range that says most of the media type."""
    kind, _, name = media_type.partition("/")
    return next((weights[each] for each in ((kind, name), (kind, "*"), ("*", "*")) if each in weights), 0)
