"""What Anthropic asks other prices for: fast inference, inference in the United States, and batches."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tollwayd.core.metering.prices.terms import STANDARD, UNKNOWN, Terms

if TYPE_CHECKING:
    from collections.abc import Mapping

_JSON: Final = msgspec.json.Decoder()
_SPEEDS: Final = {None: "", "standard": "", "fast": "fast"}
_GEOS: Final = {None: "", "global": "", "not_available": "", "us": "us"}
_TIERS: Final = {
    None: "",
    "standard": "",
    "priority": "",  # Capacity that is paid for beforehand: no list has a price for its tokens.
    "batch": "batch",
}
_ANYWHERE: Final = Terms((STANDARD, "us"), STANDARD)
_UNREADABLE: Final = Terms(unsaid=UNKNOWN)


def terms_asked(fields: Mapping[str, Any]) -> Terms:
    """What a request leaves open: without `inference_geo`, the workspace's setting decides."""
    if "speed" not in fields and "inference_geo" not in fields:
        return _ANYWHERE
    try:
        speed, geo = _word(fields, "speed"), _word(fields, "inference_geo")
        names = [_named(_SPEEDS[speed], _GEOS[each]) for each in ([geo] if geo else ["us", "global"])]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        return _UNREADABLE
    return Terms(tuple(names), names[-1])


class SaidTerms:
    """The terms that one answer tells, from all the places that tell some; of each the last word holds."""

    __slots__ = ("_words",)

    def __init__(self) -> None:
        self._words: tuple[object, ...] = _NOTHING

    def add(self, usage: Mapping[str, Any]) -> None:
        """Takes one `usage` object in."""
        words = (usage.get("service_tier"), usage.get("speed"), usage.get("inference_geo"))
        if self._words is _NOTHING:
            self._words = words
        elif words != _NOTHING:
            self._words = tuple(old if new is None else new for old, new in zip(self._words, words, strict=True))

    def name(self) -> str:
        """As `Usage.terms`."""
        try:
            return name_of(self._words)
        except TypeError:  # Of JSON that is no word there is none.
            return UNKNOWN


def name_of(words: tuple[object, ...]) -> str:
    """`Usage.terms` of what an answer says of its tier, its speed and its place, each None where it says nothing."""
    return _NAMES.get(words, UNKNOWN)


def _word(fields: Mapping[str, Any], name: str) -> Any:
    return _JSON.decode(fields[name]) if name in fields else None


def _named(*parts: str) -> str:
    return "+".join(filter(None, parts)) or STANDARD


_NOTHING: Final = (None, None, None)
_NAMES: Final[dict[Any, str]] = {
    words: _named(*(known[word] for known, word in zip((_TIERS, _SPEEDS, _GEOS), words, strict=True)))
    for words in itertools.product(_TIERS, _SPEEDS, _GEOS)
} | {_NOTHING: ""}
