"""What has to be known of a request before it is let through, and what its caller is told of its limits."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tollwayd.core.dialect import Load, OutputAsked
from tollwayd.dialects import json_load, output_bound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tollwayd.core.dialect import Allowance, Envelope, Headers

_BOUND: Final = "max_tokens"
_BOUNDS: Final = frozenset({_BOUND})
_INLINE: Final = (b'"data":"', b'"data": "')
_IMAGE: Final = re.compile(rb'"type"\s*:\s*"image"')
_DOCUMENT: Final = re.compile(rb'"type"\s*:\s*"(?:document|container_upload)"')
_ELSEWHERE: Final = re.compile(rb'"type"\s*:\s*"(?:url|file|container_upload)"')


def output_asked(envelope: Envelope) -> OutputAsked:
    """How much output the request allows; there is one answer always."""
    return OutputAsked(output_bound.asked(envelope.fields, _BOUNDS))


def with_output(envelope: Envelope, tokens: int) -> Envelope:
    """The request with at most so many output tokens."""
    return replace(envelope, fields=output_bound.bounded(envelope.fields, _BOUNDS, _BOUND, tokens))


def load(envelope: Envelope) -> Load:
    """What the request holds beside text. A document counts as a file where its bytes may be elsewhere."""
    raw = json_load.content(envelope.fields, "messages", "system")
    tools = json_load.has(envelope.fields, "tools")
    if b'"source"' not in raw and b"container_upload" not in raw:
        return Load(tools=tools)
    files = min(len(_DOCUMENT.findall(raw)), len(_ELSEWHERE.findall(raw)))
    return Load(len(_IMAGE.findall(raw)), files, tools, json_load.inline_bytes(raw, *_INLINE))


def allowance_headers(allowances: Sequence[Allowance]) -> Headers:
    """Anthropic's `anthropic-ratelimit-*`, for requests and the three kinds of tokens, with moments (RFC 3339)."""
    return tuple(_headers(allowances))


def _headers(allowances: Sequence[Allowance]) -> Iterator[tuple[str, str]]:
    for each in allowances:
        name = f"anthropic-ratelimit-{each.unit}"
        yield f"{name}-limit", str(each.limit)
        yield f"{name}-remaining", str(each.remaining)
        yield f"{name}-reset", _moment(each.now_ms + each.reset_ms)


def _moment(unix_ms: int) -> str:
    # Whole seconds, as Anthropic's are, and not too early.
    return datetime.fromtimestamp(-(-unix_ms // 1000), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
