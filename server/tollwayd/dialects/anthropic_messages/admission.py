"""What has to be known of a request before it is let through, and what its caller is told of its limits."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from tollwayd.core.dialect import Load, OutputAsked
from tollwayd.core.errors import invalid_field
from tollwayd.dialects import json_load, output_bound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tollwayd.core.dialect import Allowance, Envelope, Headers

_BOUND: Final = "max_tokens"
_BOUNDS: Final = frozenset({_BOUND})
_ABSENT: Final = Raw(b"null")
_IMAGE: Final = re.compile(rb'"type"\s*:\s*"image"')
_DOCUMENT: Final = re.compile(rb'"type"\s*:\s*"(?:document|container_upload)"')
_ELSEWHERE: Final = re.compile(rb'"type"\s*:\s*"(?:url|file|base64|container_upload)"')


class _Tool(Struct):
    model: Raw = _ABSENT


_TOOLS: Final = msgspec.json.Decoder(list[_Tool])


def refuse_other_models(envelope: Envelope) -> None:
    """REASON_FIELD_INVALID for a tool that is a model, as Anthropic's advisor is: nobody has judged whether the caller
    may use that, and its tokens are not among those of the answer."""
    if "tools" not in envelope.fields:
        return
    raw = bytes(envelope.fields["tools"])
    if b'model"' not in raw and b"\\u00" not in raw:
        return
    try:
        tools = _TOOLS.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return  # For the provider to refuse.
    for place, tool in enumerate(tools):
        if bytes(tool.model) != b"null":
            raise invalid_field(f"tools[{place}].model", "is not taken here: the call is for one model alone.")


def output_asked(envelope: Envelope) -> OutputAsked:
    """How much output the request allows; there is one answer always."""
    return OutputAsked(output_bound.asked(envelope.fields, _BOUNDS))


def with_output(envelope: Envelope, tokens: int) -> Envelope:
    """The request with at most so many output tokens."""
    return replace(envelope, fields=output_bound.bounded(envelope.fields, _BOUNDS, _BOUND, tokens))


def load(envelope: Envelope) -> Load:
    """What the request holds beside text. A document counts as a file where it may not be text."""
    parts = [bytes(envelope.fields.get(name, b"")) for name in ("messages", "system")]
    plain = json_load.plain(b"".join(map(json_load.outside_texts, parts)))
    tools = json_load.has(envelope.fields, "tools")
    if b'"source"' not in plain and b"container_upload" not in plain:
        return Load(tools=tools)
    plain = json_load.plain(b"".join(parts))
    files = min(len(_DOCUMENT.findall(plain)), len(_ELSEWHERE.findall(plain)))
    inline = _inline_bytes(envelope.fields.get("messages", _ABSENT)) if json_load.BASE64 in plain else 0
    return Load(len(_IMAGE.findall(plain)), files, tools, inline)


class _Source(Struct):
    type: str = ""
    data: Raw = _ABSENT


class _Block(Struct):
    source: _Source | None = None
    content: Raw = _ABSENT


class _Turn(Struct):
    content: Raw = _ABSENT


_BLOCKS: Final = msgspec.json.Decoder(list[_Block])
_TURNS: Final = msgspec.json.Decoder(list[_Turn])


def _inline_bytes(messages: Raw) -> int:
    """The base64 of pictures and documents, and of those in results of tools. What calls of tools have been given is
    JSON that may look like it, and is text to the model. Nothing where the shape is another one."""
    try:
        blocks = [block for turn in _TURNS.decode(messages) for block in _blocks(turn.content)]
        return sum(map(_base64_of, blocks)) + sum(
            _base64_of(part) for block in blocks for part in _blocks(block.content)
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0


def _blocks(content: Raw) -> list[_Block]:
    is_list = bytes(memoryview(content)[:1]) == b"["
    return _BLOCKS.decode(content) if is_list else []


def _base64_of(block: _Block) -> int:
    source = block.source
    return memoryview(source.data).nbytes - 2 if source is not None and source.type == "base64" else 0


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
