"""The members of a chat completion request that are read, as OpenAI's reference has them.

Bounds are those of the canonical messages, so that what is wrong is named here, in the words that the caller used.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

Name = Annotated[str, Meta(min_length=1, max_length=256)]
Identifier = Annotated[str, Meta(max_length=256)]
Count = Annotated[int, Meta(gt=0, le=2**31 - 1)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]

ABSENT = Raw(b"null")


class CacheControl(Struct):
    """Anthropic's mark, which OpenAI's callers of Anthropic models send along (OpenRouter's and LiteLLM's way)."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


class TextPart(Struct, tag_field="type", tag="text"):
    """Text."""

    text: str
    cache_control: CacheControl | None = None


class RefusalPart(Struct, tag_field="type", tag="refusal"):
    """A refusal of the model's, sent back."""

    refusal: str
    cache_control: CacheControl | None = None


class ImageUrl(Struct):
    """Where a picture is."""

    url: str
    detail: Annotated[str, Meta(max_length=32)] | None = None


class ImagePart(Struct, tag_field="type", tag="image_url"):
    """A picture."""

    image_url: ImageUrl
    cache_control: CacheControl | None = None


class InputAudio(Struct):
    """A sound's base64 and format."""

    data: str
    format: str


class AudioPart(Struct, tag_field="type", tag="input_audio"):
    """A sound."""

    input_audio: InputAudio
    cache_control: CacheControl | None = None


class File(Struct):
    """A document's content, or its id."""

    file_data: str | None = None
    file_id: str | None = None
    filename: Annotated[str, Meta(max_length=1024)] | None = None


class FilePart(Struct, tag_field="type", tag="file"):
    """A document."""

    file: File
    cache_control: CacheControl | None = None


Part = TextPart | RefusalPart | ImagePart | AudioPart | FilePart


class CalledFunction(Struct):
    """The function of a tool call; `arguments` is JSON text."""

    name: Identifier
    arguments: str


class ToolCall(Struct):
    """A tool call of the assistant."""

    id: Identifier
    function: CalledFunction | None = None
    type: str = "function"


class Message(Struct):
    """A message of any role."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | Annotated[list[Part], Meta(max_length=10_000)] | None = None
    name: str | None = None
    refusal: str | None = None
    tool_calls: Annotated[list[ToolCall], Meta(max_length=1024)] | None = None
    tool_call_id: Identifier | None = None
    function_call: Any = None
    audio: Any = None
    reasoning_content: Any = None


class Function(Struct):
    """A function that the model may call."""

    name: Name
    description: str | None = None
    parameters: Raw = ABSENT
    strict: bool | None = None


class Tool(Struct):
    """A tool that the model may call."""

    type: str
    function: Function | None = None
    cache_control: CacheControl | None = None


class NamedFunction(Struct):
    """A function by name."""

    name: Name


class NamedTool(Struct):
    """A tool by name."""

    type: str
    function: NamedFunction | None = None


class AllowedTools(Struct):
    """A subset of the tools."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[NamedTool], Meta(min_length=1, max_length=1024)]


class ToolChoice(Struct):
    """Which tool to call, where a word does not say it."""

    type: str
    function: NamedFunction | None = None
    allowed_tools: AllowedTools | None = None


class JsonSchema(Struct):
    """The schema of an answer."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    description: str | None = None
    schema: Raw = ABSENT
    strict: bool | None = None


class ResponseFormat(Struct):
    """The form of an answer."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class ChatRequest(Struct):
    """The request."""

    model: Name
    messages: Annotated[list[Message], Meta(min_length=1, max_length=100_000)]
    stream: bool | None = None
    stream_options: Any = None
    tools: Annotated[list[Tool], Meta(max_length=1024)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    max_completion_tokens: Count | None = None
    max_tokens: Count | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Count | None = None
    stop: str | Annotated[list[str], Meta(max_length=64)] | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    user: Annotated[str, Meta(max_length=512)] | None = None
    n: Annotated[int, Meta(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0)] | None = None
    modalities: list[str] | None = None


CHAT_REQUEST = msgspec.json.Decoder(ChatRequest)
