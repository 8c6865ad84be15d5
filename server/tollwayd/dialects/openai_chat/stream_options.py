"""`stream_options.include_usage`: whether a caller asked for usage in a stream, and asking for it in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_NONE = msgspec.Raw(b"null")
_TRUE = msgspec.Raw(b"true")


def asks_usage(fields: Mapping[str, Any]) -> bool:
    """Whether the request's top-level fields ask for usage at the end of the stream."""
    options = _options(fields)
    return options is not None and bytes(options.get("include_usage", _NONE)) == b"true"


def asking_usage(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with that asked for, and whatever else the options say. Options that are no object stay as they are,
    for the provider to refuse."""
    options = _options(fields)
    if options is None:
        return dict(fields)
    return {**fields, "stream_options": {**options, "include_usage": _TRUE}}


def _options(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        return _MEMBERS.decode(fields.get("stream_options", _NONE)) or {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
