"""OpenAI's service tiers, and what they are called at those who speak like it: other prices for the same tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tollwayd.core.metering.prices.terms import STANDARD, UNKNOWN, Terms

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELD: Final = "service_tier"
_UNSAID: Final = frozenset({None, "auto"})
_SAYS_NOTHING: Final = frozenset({"", "auto"})
_KNOWN: Final = {
    "default": STANDARD,
    "standard": STANDARD,  # Google's word,
    "on_demand": STANDARD,  # and Groq's.
    "flex": "flex",
    "batch": "batch",
    "priority": "priority",
    "fast": "priority",  # The younger name of the same; answers have the older.
}
_CHEAP: Final = frozenset({"flex", "batch"})
_ANY: Final = Terms()
_ONE: Final = {
    # Servers that know no tiers serve all requests as they always do. Where they do not say so, the dearer one counts.
    name: Terms((STANDARD, name) if name != STANDARD else (STANDARD,), STANDARD if name in _CHEAP else name)
    for name in _KNOWN.values()
}
_OTHER: Final = Terms(unsaid=UNKNOWN)
_JSON: Final = msgspec.json.Decoder()


def terms_asked(fields: Mapping[str, Any]) -> Terms:
    """What a request leaves open: without a tier, or with `auto`, the project's setting decides."""
    if _FIELD not in fields:
        return _ANY
    try:
        word = _JSON.decode(fields[_FIELD])
        name = None if word in _UNSAID else _KNOWN.get(word, UNKNOWN)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError):
        return _OTHER
    if name is None:
        return _ANY
    if name == UNKNOWN or sum(field.casefold() == _FIELD for field in fields) > 1:
        # There are servers that take a name in other letters for the same.
        return _OTHER
    return _ONE[name]


def terms_said(word: object) -> str:
    """`Usage.terms` of an answer with this tier; empty where it has none, or one that says nothing."""
    if isinstance(word, str) and word not in _SAYS_NOTHING:
        return _KNOWN.get(word, UNKNOWN)
    return ""
