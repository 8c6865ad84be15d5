"""Messages for a provider, from the canonical shape to OpenAI's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tollway.proxy.v1.conversation_pb2 import ROLE_ASSISTANT, ROLE_SYSTEM
from tollwayd.dialects.json_body import unsupported
from tollwayd.dialects.openai_chat.caller_response import tool_call_members
from tollwayd.dialects.openai_chat.media import audio_format, base64_text, data_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tollway.proxy.v1.conversation_pb2 import Message, Part, ToolCall, ToolResult

_FILENAME = "document"


def message_members(message: Message, path: str) -> Iterator[dict[str, Any]]:
    """The messages that say this one; `path` is its place in the request. REASON_FEATURE_UNSUPPORTED names a part that
    OpenAI has no words for. Reasoning is left out: OpenAI takes none back."""
    if message.role == ROLE_ASSISTANT:
        yield _assistant(message, path)
    elif message.role == ROLE_SYSTEM:
        yield {"role": "system", "content": _content(_at(message.parts, f"{path}.parts"))}
    else:
        yield from _turn(message, path)


def _turn(message: Message, path: str) -> Iterator[dict[str, Any]]:
    """Tool results are messages of their own, and must come right after the calls; then what the user adds."""
    said = []
    for part, place in _at(message.parts, f"{path}.parts"):
        if part.HasField("tool_result"):
            yield _tool(part.tool_result, f"{place}.tool_result")
        else:
            said.append((part, place))
    if said:
        yield {"role": "user", "content": _content(said)}


def _at(parts: Iterable[Part], path: str) -> list[tuple[Part, str]]:
    return [(part, f"{path}[{index}]") for index, part in enumerate(parts)]


def _tool(result: ToolResult, path: str) -> dict[str, Any]:
    parts = _at(result.parts, f"{path}.parts")
    for part, place in parts:
        if not part.HasField("text"):
            raise unsupported(place, "this model's provider takes text alone as a tool's result.")
    return {"role": "tool", "tool_call_id": result.tool_call_id, "content": _content(parts)}


def _assistant(message: Message, path: str) -> dict[str, Any]:
    texts, refusals, calls = [], [], []
    for part, place in _at(message.parts, f"{path}.parts"):
        kind = part.WhichOneof("kind")
        if kind == "text":
            texts.append(part.text.text)
        elif kind == "refusal":
            refusals.append(part.refusal.text)
        elif kind == "tool_call":
            calls.append(_tool_call(part.tool_call))
        elif kind != "reasoning":
            raise unsupported(place, "this model's provider takes no such part as the assistant's.")
    members: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts or not (calls or refusals) else None,
    }
    if refusals:
        members["refusal"] = "".join(refusals)
    if calls:
        members["tool_calls"] = calls
    return members


def _tool_call(call: ToolCall) -> dict[str, Any]:
    """Servers that read the arguments do not take an empty text for a call without any."""
    members = tool_call_members(call)
    members["function"]["arguments"] = call.arguments or "{}"
    return members


def _content(parts: list[tuple[Part, str]]) -> str | list[dict[str, Any]]:
    """A single text goes as a string, which every compatible server takes."""
    if len(parts) == 1 and parts[0][0].HasField("text"):
        return parts[0][0].text.text
    return [_part(part, place) for part, place in parts] or ""


def _part(part: Part, place: str) -> dict[str, Any]:
    kind = part.WhichOneof("kind")
    write = _PARTS.get(kind or "")
    if write is None:
        raise unsupported(place, "this model's provider takes no such part here.")
    return write(part, f"{place}.{kind}")


def _text(part: Part, _place: str) -> dict[str, Any]:
    return {"type": "text", "text": part.text.text}


def _image(part: Part, place: str) -> dict[str, Any]:
    media = part.image.media
    source = media.WhichOneof("source")
    if source not in {"content", "url"}:
        raise unsupported(f"{place}.media", "this model's provider takes pictures by content or URL.")
    image = {"url": media.url if source == "url" else data_url(media)}
    if part.image.detail:
        image["detail"] = part.image.detail
    return {"type": "image_url", "image_url": image}


def _audio(part: Part, place: str) -> dict[str, Any]:
    media = part.audio.media
    sound_format = audio_format(media)
    if media.WhichOneof("source") != "content" or sound_format is None:
        raise unsupported(f"{place}.media", "this model's provider takes sounds by content, as WAV or MP3.")
    return {"type": "input_audio", "input_audio": {"data": base64_text(media), "format": sound_format}}


def _file(part: Part, place: str) -> dict[str, Any]:
    media = part.file.media
    source = media.WhichOneof("source")
    if source == "file_id":
        return {"type": "file", "file": {"file_id": media.file_id}}
    if source != "content":
        raise unsupported(f"{place}.media", "this model's provider takes documents by content or file id.")
    file = {"filename": part.file.filename or _FILENAME, "file_data": data_url(media)}
    return {"type": "file", "file": file}


_PARTS: dict[str, Callable[[Part, str], dict[str, Any]]] = {
    "text": _text,
    "image": _image,
    "audio": _audio,
    "file": _file,
}
