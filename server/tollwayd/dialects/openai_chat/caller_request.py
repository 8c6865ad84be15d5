"""A caller's chat completion request, from OpenAI's shape to the canonical one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tollway.proxy.v1.conversation_pb2 import (
    TOOL_CHOICE_MODE_AUTO,
    TOOL_CHOICE_MODE_NONE,
    TOOL_CHOICE_MODE_REQUIRED,
    TOOL_CHOICE_MODE_TOOL,
    Tool,
    ToolChoice,
)
from tollway.proxy.v1.inference_pb2 import (
    GenerateRequest,
    JsonObject,
    JsonSchema,
    ReasoningOptions,
    ResponseFormat,
)
from tollwayd.core.dialect import Asked
from tollwayd.core.errors import invalid_field
from tollwayd.dialects.json_body import object_text, read_fields, unsupported
from tollwayd.dialects.openai_chat import request_shapes as shapes
from tollwayd.dialects.openai_chat.caller_messages import read_cache_control, read_message
from tollwayd.dialects.openai_chat.reasoning_effort import EFFORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msgspec import Raw

    from tollwayd.core.dialect import Envelope

_READ = frozenset(shapes.ChatRequest.__struct_fields__)
_UNSAYABLE = {
    "audio": "answers in sound cannot be translated for this model's provider.",
    "function_call": "is deprecated and not taken here; use tool_choice.",
    "functions": "is deprecated and not taken here; use tools.",
    "moderation": "moderation by OpenAI is not to be had from this model's provider.",
    "web_search_options": "OpenAI's web search is not to be had from this model's provider.",
}
_MODES = {
    "auto": TOOL_CHOICE_MODE_AUTO,
    "none": TOOL_CHOICE_MODE_NONE,
    "required": TOOL_CHOICE_MODE_REQUIRED,
}


def read_request(envelope: Envelope) -> Asked:
    """The canonical request, and the names of the fields that were left out of it."""
    _refuse_unsayable_fields(envelope.fields)
    asked = read_fields(envelope.fields, shapes.CHAT_REQUEST)
    _refuse_unsayable_values(asked)
    tools, tool_choice = _tools(asked)
    request = GenerateRequest(
        model=asked.model,
        messages=[read_message(message, f"messages[{index}]") for index, message in enumerate(asked.messages)],
        tools=tools,
        tool_choice=tool_choice,
        max_output_tokens=asked.max_completion_tokens or asked.max_tokens,
        temperature=asked.temperature,
        top_p=asked.top_p,
        top_k=asked.top_k,
        stop_sequences=[asked.stop] if isinstance(asked.stop, str) else asked.stop,
        seed=asked.seed,
        frequency_penalty=asked.frequency_penalty,
        presence_penalty=asked.presence_penalty,
        response_format=_response_format(asked.response_format),
        reasoning=ReasoningOptions(effort=EFFORTS[asked.reasoning_effort]) if asked.reasoning_effort else None,
        parallel_tool_calls=asked.parallel_tool_calls,
        user=asked.user,
    )
    return Asked(request, tuple(_dropped(envelope.fields, asked)))


def _refuse_unsayable_fields(fields: dict[str, Any]) -> None:
    for name, why in _UNSAYABLE.items():
        if name in fields and bytes(fields[name]) != b"null":
            raise unsupported(name, why)


def _refuse_unsayable_values(asked: shapes.ChatRequest) -> None:
    if asked.n is not None and asked.n > 1:
        raise unsupported("n", "several answers at once cannot be asked of this model's provider.")
    if asked.logprobs:
        raise unsupported("logprobs", "are not to be had from this model's provider.")
    if asked.top_logprobs:
        raise unsupported("top_logprobs", "are not to be had from this model's provider.")
    if any(modality != "text" for modality in asked.modalities or ()):
        raise unsupported("modalities", "only text can be asked of this model's provider.")


def _dropped(fields: dict[str, Any], asked: shapes.ChatRequest) -> Iterator[str]:
    for name, raw in fields.items():
        if name not in _READ and bytes(raw) != b"null":
            yield name
    if any(message.name for message in asked.messages):
        yield "messages.name"
    # Thoughts without the provider's proof of them: no provider takes those back.
    if any(message.reasoning_content for message in asked.messages):
        yield "messages.reasoning_content"


def _tools(asked: shapes.ChatRequest) -> tuple[list[Tool], ToolChoice | None]:
    tools = [_tool(tool, f"tools[{index}]") for index, tool in enumerate(asked.tools or ())]
    choice = asked.tool_choice
    if choice is None:
        return tools, None
    if isinstance(choice, str):
        return tools, ToolChoice(mode=_MODES[choice])
    if choice.type == "function":
        if choice.function is None:
            raise invalid_field("tool_choice.function", "is required.")
        return tools, ToolChoice(mode=TOOL_CHOICE_MODE_TOOL, name=choice.function.name)
    if choice.type == "allowed_tools":
        return _allowed_tools(tools, choice.allowed_tools)
    raise unsupported("tool_choice.type", "only function and allowed_tools are taken here.")


def _allowed_tools(tools: list[Tool], allowed: shapes.AllowedTools | None) -> tuple[list[Tool], ToolChoice]:
    """Other dialects know no subset of the tools, but giving the subset alone allows the model the same calls."""
    if allowed is None:
        raise invalid_field("tool_choice.allowed_tools", "is required.")
    names = {tool.function.name for tool in allowed.tools if tool.function is not None}
    return [tool for tool in tools if tool.name in names], ToolChoice(mode=_MODES[allowed.mode])


def _tool(tool: shapes.Tool, path: str) -> Tool:
    if tool.type != "function":
        raise unsupported(f"{path}.type", "only tools of the type function are taken here.")
    function = tool.function
    if function is None:
        raise invalid_field(f"{path}.function", "is required.")
    return Tool(
        name=function.name,
        description=function.description,
        parameters=_schema(function.parameters, f"{path}.function.parameters"),
        strict=function.strict,
        cache_control=read_cache_control(tool.cache_control),
    )


def _schema(raw: Raw, path: str) -> str:
    return "" if bytes(raw) == b"null" else object_text(raw, path)


def _response_format(asked: shapes.ResponseFormat | None) -> ResponseFormat | None:
    if asked is None or asked.type == "text":
        return None
    if asked.type == "json_object":
        return ResponseFormat(json_object=JsonObject())
    if asked.json_schema is None:
        raise invalid_field("response_format.json_schema", "is required.")
    schema = asked.json_schema
    return ResponseFormat(
        json_schema=JsonSchema(
            name=schema.name,
            description=schema.description,
            schema=_schema(schema.schema, "response_format.json_schema.schema"),
            strict=schema.strict,
        )
    )
