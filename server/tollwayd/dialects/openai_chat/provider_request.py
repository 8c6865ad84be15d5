"""A request for a provider, from the canonical shape to OpenAI's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tollway.proxy.v1.conversation_pb2 import (
    TOOL_CHOICE_MODE_AUTO,
    TOOL_CHOICE_MODE_NONE,
    TOOL_CHOICE_MODE_REQUIRED,
    TOOL_CHOICE_MODE_TOOL,
)
from tollwayd.core.dialect import Written
from tollwayd.dialects.json_body import encode, raw_object
from tollwayd.dialects.openai_chat.provider_messages import message_members
from tollwayd.dialects.openai_chat.reasoning_effort import effort_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tollway.proxy.v1.conversation_pb2 import Tool, ToolChoice
    from tollway.proxy.v1.inference_pb2 import GenerateRequest, ResponseFormat

# Canonical field → OpenAI's, where the value is the same in both.
_SAMPLING = {
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
_MODES = {
    TOOL_CHOICE_MODE_AUTO: "auto",
    TOOL_CHOICE_MODE_NONE: "none",
    TOOL_CHOICE_MODE_REQUIRED: "required",
}


def write_request(request: GenerateRequest, model: str, *, stream: bool, bound: str) -> Written:
    """The body, with its bound of output by the name `bound`, and the names of the canonical fields that it leaves out.
    Cache marks are left out without a word: OpenAI caches by itself."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            members
            for index, message in enumerate(request.messages)
            for members in message_members(message, f"messages[{index}]")
        ],
    }
    body |= {name: getattr(request, field) for field, name in _SAMPLING.items() if request.HasField(field)}
    if request.HasField("max_output_tokens"):
        body[bound] = request.max_output_tokens
    body |= _options(request)
    if request.tools:
        body |= _tool_members(request)
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return Written(encode(body), tuple(_dropped(request)))


def _options(request: GenerateRequest) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if request.stop_sequences:
        options["stop"] = list(request.stop_sequences)
    if request.user:
        options["user"] = request.user
    if request.HasField("response_format"):
        options["response_format"] = _response_format(request.response_format)
    if effort := effort_word(request.reasoning):
        options["reasoning_effort"] = effort
    return options


def _tool_members(request: GenerateRequest) -> dict[str, Any]:
    """OpenAI refuses the two options of tools where there are none."""
    members: dict[str, Any] = {"tools": [_tool(tool, f"tools[{index}]") for index, tool in enumerate(request.tools)]}
    if choice := _tool_choice(request.tool_choice):
        members["tool_choice"] = choice
    if request.HasField("parallel_tool_calls"):
        members["parallel_tool_calls"] = request.parallel_tool_calls
    return members


def _tool(tool: Tool, path: str) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters:
        function["parameters"] = raw_object(tool.parameters, f"{path}.parameters")
    if tool.HasField("strict"):
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _tool_choice(choice: ToolChoice) -> str | dict[str, Any] | None:
    if choice.mode == TOOL_CHOICE_MODE_TOOL:
        return {"type": "function", "function": {"name": choice.name}}
    return _MODES.get(choice.mode)


def _response_format(asked: ResponseFormat) -> dict[str, Any]:
    if asked.HasField("json_object"):
        return {"type": "json_object"}
    schema = asked.json_schema
    members: dict[str, Any] = {"name": schema.name or "answer"}
    if schema.description:
        members["description"] = schema.description
    if schema.schema:
        members["schema"] = raw_object(schema.schema, "responseFormat.jsonSchema.schema")
    if schema.HasField("strict"):
        members["strict"] = schema.strict
    return {"type": "json_schema", "json_schema": members}


def _dropped(request: GenerateRequest) -> Iterator[str]:
    if request.HasField("top_k"):
        yield "top_k"
    parts = [part for message in request.messages for part in message.parts]
    if any(part.HasField("reasoning") for part in parts):
        yield "messages.parts.reasoning"
    if any(part.tool_result.is_error for part in parts):
        yield "messages.parts.tool_result.is_error"
