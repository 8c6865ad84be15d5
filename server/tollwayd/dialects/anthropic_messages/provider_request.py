"""A canonical request, into a Messages request for a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tollway.proxy.v1.conversation_pb2 import ToolChoiceMode
from tollwayd.core.dialect import Written
from tollwayd.dialects import json_body
from tollwayd.dialects.anthropic_messages.generation import generation
from tollwayd.dialects.anthropic_messages.provider_content import write_cache_control, write_conversation
from tollwayd.dialects.anthropic_messages.provider_thinking import plan_thinking
from tollwayd.dialects.json_body import raw_object, unsupported

if TYPE_CHECKING:
    from tollway.proxy.v1.conversation_pb2 import Tool
    from tollway.proxy.v1.inference_pb2 import GenerateRequest, ResponseFormat
    from tollwayd.dialects.anthropic_messages.generation import Generation

    Fields = dict[str, Any]

MAX_TEMPERATURE = 1.0
"""Anthropic's range ends here, that of others at 2."""
MIN_TOP_P_WHEN_THINKING = 0.95

_REQUIRED = frozenset({"model", "max_tokens", "messages"})
_EMPTY: tuple[object, ...] = (None, [], {})
_WITHOUT_WORDS = ("seed", "frequency_penalty", "presence_penalty")
_TOOL_CHOICES = {
    ToolChoiceMode.TOOL_CHOICE_MODE_UNSPECIFIED: "auto",
    ToolChoiceMode.TOOL_CHOICE_MODE_AUTO: "auto",
    ToolChoiceMode.TOOL_CHOICE_MODE_NONE: "none",
    ToolChoiceMode.TOOL_CHOICE_MODE_REQUIRED: "any",
    ToolChoiceMode.TOOL_CHOICE_MODE_TOOL: "tool",
}


def write_request(request: GenerateRequest, model: str, *, stream: bool) -> Written:
    """The request body for the provider's model; see `Written` for what is dropped.

    REASON_FEATURE_UNSUPPORTED for content that Anthropic does not take and for `json_object`, which promises JSON
    where nothing would hold the model to it; REASON_FIELD_INVALID for JSON texts that are no objects.
    """
    dropped = [name for name in _WITHOUT_WORDS if request.HasField(name)]
    takes = generation(model)
    thinking = plan_thinking(request, takes, dropped)
    system, turns = write_conversation(request.messages, dropped)
    fields: Fields = {
        "model": model,
        "max_tokens": thinking.max_tokens,
        "stream": stream or None,
        "system": system,
        "messages": turns,
        "tools": [_write_tool(tool, f"tools[{place}]") for place, tool in enumerate(request.tools)],
        "tool_choice": _tool_choice(request),
        **_sampling(request, takes, thinks=thinking.is_on, dropped=dropped),
        "stop_sequences": list(request.stop_sequences),
        "thinking": thinking.config,
        "output_config": _output_config(request.response_format, thinking.effort, dropped),
        "metadata": {"user_id": request.user} if request.user else None,
    }
    body = {name: value for name, value in fields.items() if name in _REQUIRED or value not in _EMPTY}
    return Written(json_body.encode(body), tuple(dropped))


def _write_tool(tool: Tool, path: str) -> Fields:
    fields: Fields = {"name": tool.name}
    if tool.description:
        fields["description"] = tool.description
    no_parameters = {"type": "object"}
    fields["input_schema"] = raw_object(tool.parameters, f"{path}.parameters") if tool.parameters else no_parameters
    if tool.HasField("strict"):
        fields["strict"] = tool.strict
    if tool.HasField("cache_control"):
        fields["cache_control"] = write_cache_control(tool.cache_control)
    return fields


def _tool_choice(request: GenerateRequest) -> Fields | None:
    """None without tools, where Anthropic refuses a choice, and where the request leaves it open."""
    one_at_a_time = request.HasField("parallel_tool_calls") and not request.parallel_tool_calls
    if not request.tools or not (request.HasField("tool_choice") or one_at_a_time):
        return None
    kind = _TOOL_CHOICES[request.tool_choice.mode]
    choice: Fields = {"type": kind}
    if kind == "tool":
        choice["name"] = request.tool_choice.name
    if one_at_a_time and kind != "none":
        choice["disable_parallel_tool_use"] = True
    return choice


def _sampling(request: GenerateRequest, takes: Generation, *, thinks: bool, dropped: list[str]) -> Fields:
    """The sampling options that the model takes; the others, and those cut to its range, are named in `dropped`."""
    given: Fields = {
        name: getattr(request, name) for name in ("temperature", "top_p", "top_k") if request.HasField(name)
    }
    taken = {name: value for name, value in given.items() if _is_taken(name, value, given, takes, thinks=thinks)}
    dropped += [name for name in given if name not in taken]
    if taken.get("temperature", 0) > MAX_TEMPERATURE:
        taken["temperature"] = MAX_TEMPERATURE
        dropped.append("temperature")
    return taken


def _is_taken(name: str, value: float, given: Fields, takes: Generation, *, thinks: bool) -> bool:
    if not takes.samples:
        return False
    if thinks:
        return name == "top_p" and value >= MIN_TOP_P_WHEN_THINKING
    return not (name == "top_p" and takes.one_sampler and "temperature" in given)


def _output_config(wanted: ResponseFormat, effort: str | None, dropped: list[str]) -> Fields:
    fields: Fields = {}
    if effort:
        fields["effort"] = effort
    match wanted.WhichOneof("kind"):
        case "json_object":
            raise unsupported("responseFormat", "the model's provider writes JSON after a schema only.")
        case "json_schema":
            schema = raw_object(wanted.json_schema.schema, "responseFormat.jsonSchema.schema")
            fields["format"] = {"type": "json_schema", "schema": schema}
            if wanted.json_schema.description:
                dropped.append("response_format.json_schema.description")
    return fields
