"""The conversation of a Messages request, into the canonical messages."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NoReturn

from msgspec import UnsetType

from tollway.proxy.v1.conversation_pb2 import (
    CacheControl,
    CacheDuration,
    File,
    Image,
    Media,
    Message,
    Part,
    Reasoning,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from tollwayd.core.errors import invalid_field
from tollwayd.dialects.anthropic_messages.request_shapes import Source
from tollwayd.dialects.json_body import base64_content, object_text, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tollwayd.dialects.anthropic_messages import request_shapes as shapes
    from tollwayd.dialects.anthropic_messages.request_shapes import Block, Turn, Unread

    BlockReader = Callable[[Block, str, list[str]], Part]

_ROLES = {"user": Role.ROLE_USER, "assistant": Role.ROLE_ASSISTANT, "system": Role.ROLE_SYSTEM}
_DURATIONS = {
    None: CacheDuration.CACHE_DURATION_UNSPECIFIED,
    "5m": CacheDuration.CACHE_DURATION_5M,
    "1h": CacheDuration.CACHE_DURATION_1H,
}


def read_system(system: str | list[Block] | None, dropped: list[str]) -> list[Message]:
    """The instructions as a message of ROLE_SYSTEM; none where there are none."""
    if not system:
        return []
    return [Message(role=Role.ROLE_SYSTEM, parts=read_content(system, "system", dropped))]


def read_turns(turns: Iterable[Turn], dropped: list[str]) -> Iterator[Message]:
    """The turns as messages, none of them without parts. Tool results get messages of their own, of ROLE_TOOL."""
    for place, turn in enumerate(turns):
        path = f"messages[{place}]"
        role = _ROLES.get(turn.role)
        if role is None:
            raise invalid_field(f"{path}.role", "must be 'user', 'assistant' or 'system'.")
        parts = read_content(turn.content, f"{path}.content", dropped)
        yield from _by_speaker(role, parts)


def _by_speaker(role: Role, parts: list[Part]) -> Iterator[Message]:
    for of_tools, run in groupby(parts, key=lambda part: part.HasField("tool_result")):
        yield Message(role=Role.ROLE_TOOL if of_tools else role, parts=run)


def read_content(content: str | list[Block], path: str, dropped: list[str]) -> list[Part]:
    """The content's blocks as parts. Adds to `dropped` the paths of hints that parts cannot carry."""
    if isinstance(content, str):
        return [Part(text=Text(text=content))]
    return [_read_block(block, f"{path}[{place}]", _READERS, dropped) for place, block in enumerate(content)]


def _read_block(block: Block, path: str, readers: dict[str, BlockReader], dropped: list[str]) -> Part:
    reader = readers.get(block.type)
    if reader is None:
        raise unsupported(f"{path}.type", "blocks of this type cannot be sent to another service than Anthropic's.")
    part = reader(block, path, dropped)
    if block.cache_control is not None:
        part.cache_control.CopyFrom(read_cache_control(block.cache_control, f"{path}.cache_control"))
    return part


def read_cache_control(mark: shapes.CacheControl, path: str) -> CacheControl:
    """A cache mark. REASON_FIELD_INVALID for a type or time that Anthropic does not know."""
    if mark.type != "ephemeral":
        raise invalid_field(f"{path}.type", "must be 'ephemeral'.")
    if mark.ttl not in _DURATIONS:
        raise invalid_field(f"{path}.ttl", "must be '5m' or '1h'.")
    return CacheControl(duration=_DURATIONS[mark.ttl])


def json_object_text(raw: Unread, path: str) -> str:
    """A required member that is a JSON object, as the text that it came as."""
    if isinstance(raw, UnsetType):
        _missing(path)
    return object_text(raw, path)


def _missing(path: str) -> NoReturn:
    raise invalid_field(path, "is required.")


def _needed(value: str | None, path: str) -> str:
    return _missing(path) if value is None else value


def _text(block: Block, path: str, dropped: list[str]) -> Part:
    if block.citations:
        dropped.append(f"{path}.citations")
    return Part(text=Text(text=_needed(block.text, f"{path}.text")))


def _image(block: Block, path: str, dropped: list[str]) -> Part:
    if block.transformations is not None:
        dropped.append(f"{path}.transformations")
    return Part(image=Image(media=_media(block, path)))


def _document(block: Block, path: str, _dropped: list[str]) -> Part:
    if isinstance(block.citations, dict) and block.citations.get("enabled"):
        raise unsupported(f"{path}.citations", "other services than Anthropic's do not cite documents.")
    if block.context:
        raise unsupported(f"{path}.context", "other services than Anthropic's take no context beside a document.")
    return Part(file=File(media=_media(block, path), filename=block.title or ""))


def _media(block: Block, path: str) -> Media:
    if not isinstance(block.source, Source):
        raise invalid_field(f"{path}.source", "must be an object.")
    source, path = block.source, f"{path}.source"
    match source.type:
        case "base64":
            media_type = _needed(source.media_type, f"{path}.media_type")
            data = _needed(source.data, f"{path}.data")
            return Media(media_type=media_type, content=base64_content(data, f"{path}.data"))
        case "text":
            return Media(media_type="text/plain", content=_needed(source.data, f"{path}.data").encode())
        case "url":
            return Media(url=_needed(source.url, f"{path}.url"))
        case "file":
            return Media(file_id=_needed(source.file_id, f"{path}.file_id"))
    raise unsupported(f"{path}.type", "sources of this type cannot be sent to another service than Anthropic's.")


def _tool_use(block: Block, path: str, _dropped: list[str]) -> Part:
    call = ToolCall(
        id=_needed(block.id, f"{path}.id"),
        name=_needed(block.name, f"{path}.name"),
        arguments=json_object_text(block.input, f"{path}.input"),
    )
    return Part(tool_call=call)


def _tool_result(block: Block, path: str, dropped: list[str]) -> Part:
    result = ToolResult(
        tool_call_id=_needed(block.tool_use_id, f"{path}.tool_use_id"),
        parts=_result_parts(block.content, f"{path}.content", dropped),
        is_error=bool(block.is_error),
    )
    return Part(tool_result=result)


def _result_parts(content: object, path: str, dropped: list[str]) -> list[Part]:
    if content is None:
        return []
    if isinstance(content, str):
        return [Part(text=Text(text=content))]
    if not isinstance(content, list):
        raise invalid_field(path, "must be a string or an array.")
    return [_read_block(block, f"{path}[{place}]", _RESULT_READERS, dropped) for place, block in enumerate(content)]


def _thinking(block: Block, path: str, _dropped: list[str]) -> Part:
    thoughts = Reasoning(text=_needed(block.thinking, f"{path}.thinking"), signature=block.signature or "")
    return Part(reasoning=thoughts)


def _redacted_thinking(block: Block, path: str, _dropped: list[str]) -> Part:
    return Part(reasoning=Reasoning(redacted=_needed(block.data, f"{path}.data")))


_RESULT_READERS: dict[str, BlockReader] = {"text": _text, "image": _image, "document": _document}
_READERS: dict[str, BlockReader] = _RESULT_READERS | {
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
}
