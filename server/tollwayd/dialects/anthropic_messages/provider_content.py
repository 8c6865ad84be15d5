"""The canonical conversation as Anthropic's `system` and `messages`."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from tollway.proxy.v1.conversation_pb2 import CacheDuration, Role
from tollwayd.core.errors import invalid_field
from tollwayd.dialects.json_body import raw_object, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tollway.proxy.v1.conversation_pb2 import (
        CacheControl,
        File,
        Image,
        Media,
        Message,
        Part,
        Reasoning,
        Refusal,
        Text,
        ToolCall,
        ToolResult,
    )

    Block = dict[str, Any]
    BlockWriter = Callable[[Any, str, list[str]], Block | None]

_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")
_TTLS = {CacheDuration.CACHE_DURATION_5M: "5m", CacheDuration.CACHE_DURATION_1H: "1h"}
_JSON_NAMES = {"tool_call": "toolCall", "tool_result": "toolResult"}
_ROLES = {Role.ROLE_USER: "user", Role.ROLE_TOOL: "user", Role.ROLE_ASSISTANT: "assistant"}


def write_conversation(messages: Iterable[Message], dropped: list[str]) -> tuple[list[Block], list[Block]]:
    """`system` and `messages`. Instructions are collected from wherever they stand; turns of one role that follow each
    other become one, since Anthropic wants all results of a turn's tool calls in the next one."""
    system: list[Block] = []
    turns: list[Block] = []
    for place, message in enumerate(messages):
        path = f"messages[{place}]"
        if message.role == Role.ROLE_SYSTEM:
            system += _instructions(message, path)
        elif role := _ROLES.get(message.role):
            _add_turn(turns, role, write_parts(message.parts, f"{path}.parts", dropped))
        else:
            raise invalid_field(f"{path}.role", "is required.")
    return system, turns


def _add_turn(turns: list[Block], role: str, blocks: list[Block]) -> None:
    if not blocks:
        return  # Anthropic refuses a turn without content.
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    else:
        turns.append({"role": role, "content": blocks})


def _instructions(message: Message, path: str) -> list[Block]:
    if not all(part.HasField("text") for part in message.parts):
        raise unsupported(f"{path}.parts", "instructions can only be text.")
    return write_parts(message.parts, f"{path}.parts", [])


def write_parts(parts: Iterable[Part], path: str, dropped: list[str]) -> list[Block]:
    """The parts as content blocks. Adds to `dropped` the paths of what blocks cannot carry."""
    blocks = (_write_part(part, f"{path}[{place}]", dropped) for place, part in enumerate(parts))
    return [block for block in blocks if block is not None]


def _write_part(part: Part, path: str, dropped: list[str]) -> Block | None:
    kind = part.WhichOneof("kind")
    if kind is None:
        raise invalid_field(path, "has no content.")
    path = f"{path}.{_JSON_NAMES.get(kind, kind)}"
    if kind not in _WRITERS:
        raise unsupported(path, "the model's provider takes no such content.")
    block = _WRITERS[kind](getattr(part, kind), path, dropped)
    if block is not None and kind != "reasoning" and part.HasField("cache_control"):
        block["cache_control"] = write_cache_control(part.cache_control)
    return block


def write_cache_control(mark: CacheControl) -> dict[str, str]:
    """The mark, with its duration where one is given."""
    ttl = _TTLS.get(mark.duration)
    return {"type": "ephemeral", "ttl": ttl} if ttl else {"type": "ephemeral"}


def can_be_sent_back(reasoning: Reasoning) -> bool:
    """Whether Anthropic takes these thoughts in a turn of before; it refuses those that it did not sign."""
    return bool(reasoning.signature or reasoning.redacted)


def _text(text: Text | Refusal, _path: str, _dropped: list[str]) -> Block | None:
    # Anthropic refuses empty text, which other dialects send beside tool calls.
    return {"type": "text", "text": text.text} if text.text else None


def _image(image: Image, path: str, dropped: list[str]) -> Block:
    if image.detail not in {"", "auto"}:
        dropped.append(f"{path}.detail")
    return {"type": "image", "source": _source(image.media, f"{path}.media")}


def _source(media: Media, path: str) -> Block:
    match media.WhichOneof("source"):
        case "content":
            if not media.media_type:
                raise invalid_field(f"{path}.mediaType", "is required.")
            data = base64.b64encode(media.content).decode()
            return {"type": "base64", "media_type": media.media_type, "data": data}
        case "url":
            return {"type": "url", "url": media.url}
        case "file_id":
            return {"type": "file", "file_id": media.file_id}
    raise invalid_field(path, "must have content, url or fileId.")


def _file(file: File, path: str, _dropped: list[str]) -> Block:
    media = file.media
    if media.HasField("content") and media.media_type.startswith("text/"):
        source = _plain_text(media, f"{path}.media")
    elif media.HasField("content") and media.media_type not in {"", "application/pdf"}:
        raise unsupported(f"{path}.media.mediaType", "the model's provider takes PDF and text.")
    else:
        source = _source(media, f"{path}.media")
    block: Block = {"type": "document", "source": source}
    if file.filename:
        block["title"] = file.filename
    return block


def _plain_text(media: Media, path: str) -> Block:
    try:
        return {"type": "text", "media_type": "text/plain", "data": media.content.decode()}
    except UnicodeDecodeError:
        raise invalid_field(f"{path}.content", "must be UTF-8.") from None


def _tool_call(call: ToolCall, path: str, _dropped: list[str]) -> Block:
    arguments = raw_object(call.arguments, f"{path}.arguments") if call.arguments.strip() else {}
    return {"type": "tool_use", "id": _tool_id(call.id), "name": call.name, "input": arguments}


def _tool_result(result: ToolResult, path: str, dropped: list[str]) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": _tool_id(result.tool_call_id)}
    if content := write_parts(result.parts, f"{path}.parts", dropped):
        block["content"] = content
    if result.is_error:
        block["is_error"] = True
    return block


def _tool_id(tool_id: str) -> str:
    """Anthropic takes letters, digits, `_` and `-`; other providers' ids hold more, and are replaced alike in the call
    and in its result."""
    return _NOT_IN_IDS.sub("_", tool_id)


def _reasoning(reasoning: Reasoning, path: str, dropped: list[str]) -> Block | None:
    if reasoning.redacted:
        return {"type": "redacted_thinking", "data": reasoning.redacted}
    if can_be_sent_back(reasoning):
        return {"type": "thinking", "thinking": reasoning.text, "signature": reasoning.signature}
    dropped.append(path)
    return None


_WRITERS: dict[str, BlockWriter] = {
    "text": _text,
    "refusal": _text,
    "image": _image,
    "file": _file,
    "tool_call": _tool_call,
    "tool_result": _tool_result,
    "reasoning": _reasoning,
}
