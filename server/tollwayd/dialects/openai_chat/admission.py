"""What has to be known of a request before it is let through, and what its caller is told of its limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from tollwayd.core.dialect import Load, OutputAsked
from tollwayd.dialects import json_load, output_bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.dialect import Allowance, Envelope, Headers

BOUND: Final = "max_completion_tokens"
"""The name that takes the place of none: the older one is refused by models of OpenAI's that reason."""

OLDER_BOUND: Final = "max_tokens"

_BOUNDS: Final = frozenset({BOUND, OLDER_BOUND})
_CHOICES: Final = frozenset({"n"})
_IMAGE: Final = re.compile(rb'"image_url"\s*:')
_FILE: Final = re.compile(rb'"(?:file_id|file_data|video_url)"\s*:')
_SOUND: Final = re.compile(rb'"input_audio"\s*:\s*\{')
_UNDERSCORE: Final = ord("_")
_NOTHING: Final = Load()
_INLINE: Final = re.compile(
    rb'"(?:url|image_url|file_data)"\s*:\s*"data:(?:(?:image|audio|video)/[\w.+-]+|application/pdf);base64,|"data"\s*:\s*"'
)

_NAMES: Final = {
    unit: tuple(f"x-ratelimit-{part}-{unit}" for part in ("limit", "remaining", "reset"))
    for unit in ("requests", "tokens")
}


def output_asked(envelope: Envelope) -> OutputAsked:
    """How much output the request allows, the larger of its two bounds where it has both."""
    fields = envelope.fields
    return OutputAsked(output_bound.asked(fields, _BOUNDS), output_bound.asked(fields, _CHOICES) or 1)


def with_output(envelope: Envelope, tokens: int) -> Envelope:
    """The request with at most so many tokens for each choice."""
    return replace(envelope, fields=output_bound.bounded(envelope.fields, _BOUNDS, BOUND, tokens))


def with_older_bound(envelope: Envelope) -> Envelope:
    """The request with its bound by the older name, for servers that know no other."""
    bound = output_bound.asked(envelope.fields, _BOUNDS)
    fields = {name: raw for name, raw in envelope.fields.items() if name.casefold() not in _BOUNDS}
    return replace(
        envelope, fields=fields if bound is None else output_bound.bounded(fields, _BOUNDS, OLDER_BOUND, bound)
    )


def load(envelope: Envelope) -> Load:
    """What the request holds beside text."""
    tools = json_load.has(envelope.fields, "tools")
    raw = bytes(envelope.fields.get("messages", b""))
    plain = json_load.plain(json_load.outside_texts(raw))
    # A byte is found in a thirtieth of the time that a word takes, and much text has no underscore.
    if _UNDERSCORE not in plain or (b'_url"' not in plain and b'"file_' not in plain and b'"input_audio"' not in plain):
        return Load(tools=True) if tools else _NOTHING
    plain = json_load.plain(raw)
    return Load(
        len(_IMAGE.findall(plain)),
        len(_FILE.findall(plain)),
        tools,
        json_load.inline_bytes(raw, _INLINE),
        len(_SOUND.findall(plain)),
    )


def allowance_headers(allowances: Sequence[Allowance]) -> Headers:
    """OpenAI's `x-ratelimit-*`, for requests and for tokens, of which it knows one kind: the one of which least is
    left."""
    least: dict[str, Allowance] = {}
    for each in allowances:
        unit = "requests" if each.unit == "requests" else "tokens"
        if unit not in least or each.remaining < least[unit].remaining:
            least[unit] = each
    found: list[tuple[str, str]] = []
    for unit, each in least.items():
        limit, remaining, reset = _NAMES[unit]
        found += (limit, str(each.limit)), (remaining, str(each.remaining)), (reset, duration(each.reset_ms))
    return tuple(found)


def duration(milliseconds: int) -> str:
    """A time as OpenAI writes it, which is Go's way: `120ms`, `1.5s`, `6m0s`, `1h0m0s`."""
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, left = divmod(milliseconds, 60_000)
    seconds = f"{left / 1000:g}s"
    if not minutes:
        return seconds
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}" if hours else f"{minutes}m{seconds}"
