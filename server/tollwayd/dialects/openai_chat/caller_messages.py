"""A caller's messages, from OpenAI's shape to the canonical one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollway.proxy.v1.conversation_pb2 import (
    CACHE_DURATION_1H,
    CACHE_DURATION_5M,
    CACHE_DURATION_UNSPECIFIED,
    ROLE_ASSISTANT,
    ROLE_SYSTEM,
    ROLE_TOOL,
    ROLE_USER,
    Audio,
    CacheControl,
    File,
    Image,
    Media,
    Message,
    Part,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from tollwayd.core.errors import invalid_field
from tollwayd.dialects.json_body import unsupported
from tollwayd.dialects.openai_chat import request_shapes as shapes
from tollwayd.dialects.openai_chat.media import read_audio, read_file_data, read_url

if TYPE_CHECKING:
    from collections.abc import Callable

_CACHE_DURATIONS = {None: CACHE_DURATION_UNSPECIFIED, "5m": CACHE_DURATION_5M, "1h": CACHE_DURATION_1H}


def read_message(message: shapes.Message, path: str) -> Message:
    """One message; `path` is its place in the body. REASON_FIELD_INVALID, REASON_FEATURE_UNSUPPORTED."""
    return _READERS[message.role](message, path)


def read_cache_control(mark: shapes.CacheControl | None) -> CacheControl | None:
    """A cache mark, where there is one."""
    return CacheControl(duration=_CACHE_DURATIONS[mark.ttl]) if mark is not None else None


def _spoken_by(role: Role) -> Callable[[shapes.Message, str], Message]:
    def read(message: shapes.Message, path: str) -> Message:
        return Message(role=role, parts=_required_content(message, path))

    return read


def _read_assistant(message: shapes.Message, path: str) -> Message:
    if message.function_call is not None:
        raise unsupported(f"{path}.function_call", "is deprecated and not taken here; use tool_calls.")
    if message.audio is not None:
        raise unsupported(f"{path}.audio", "earlier sounds of the model cannot be referred to.")
    parts = _content(message, path) if message.content else []
    if message.refusal:
        parts.append(Part(refusal=Refusal(text=message.refusal)))
    for index, call in enumerate(message.tool_calls or ()):
        parts.append(_tool_call(call, f"{path}.tool_calls[{index}]"))
    return Message(role=ROLE_ASSISTANT, parts=parts)


def _tool_call(call: shapes.ToolCall, path: str) -> Part:
    if call.type != "function":
        raise unsupported(f"{path}.type", "only tools of the type function are taken here.")
    if call.function is None:
        raise invalid_field(f"{path}.function", "is required.")
    return Part(tool_call=ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments))


def _read_tool(message: shapes.Message, path: str) -> Message:
    if message.tool_call_id is None:
        raise invalid_field(f"{path}.tool_call_id", "is required.")
    result = ToolResult(tool_call_id=message.tool_call_id, parts=_required_content(message, path))
    return Message(role=ROLE_TOOL, parts=[Part(tool_result=result)])


def _read_function(_message: shapes.Message, path: str) -> Message:
    raise unsupported(f"{path}.role", "function is deprecated and not taken here; use tool.")


def _required_content(message: shapes.Message, path: str) -> list[Part]:
    if message.content is None:
        raise invalid_field(f"{path}.content", "is required.")
    return _content(message, path)


def _content(message: shapes.Message, path: str) -> list[Part]:
    content = message.content or ""
    if isinstance(content, str):
        return [Part(text=Text(text=content))]
    return [_part(part, f"{path}.content[{index}]") for index, part in enumerate(content)]


def _part(part: shapes.Part, path: str) -> Part:
    cache_control = read_cache_control(part.cache_control)
    match part:
        case shapes.TextPart():
            return Part(text=Text(text=part.text), cache_control=cache_control)
        case shapes.ImagePart():
            return Part(image=_image(part.image_url, path), cache_control=cache_control)
        case shapes.AudioPart():
            media = read_audio(part.input_audio.data, part.input_audio.format, f"{path}.input_audio")
            return Part(audio=Audio(media=media), cache_control=cache_control)
        case shapes.FilePart():
            return Part(file=_file(part.file, f"{path}.file"), cache_control=cache_control)
        case shapes.RefusalPart():
            return Part(refusal=Refusal(text=part.refusal), cache_control=cache_control)


def _image(image: shapes.ImageUrl, path: str) -> Image:
    return Image(media=read_url(image.url, f"{path}.image_url.url"), detail=image.detail or "")


def _file(file: shapes.File, path: str) -> File:
    if file.file_data is not None:
        media = read_file_data(file.file_data, f"{path}.file_data")
    elif file.file_id:
        media = Media(file_id=file.file_id)
    else:
        raise invalid_field(path, "must have file_data or file_id.")
    return File(media=media, filename=file.filename or "")


_READERS: dict[str, Callable[[shapes.Message, str], Message]] = {
    "system": _spoken_by(ROLE_SYSTEM),
    "developer": _spoken_by(ROLE_SYSTEM),
    "user": _spoken_by(ROLE_USER),
    "assistant": _read_assistant,
    "tool": _read_tool,
    "function": _read_function,
}
