"""How a Messages request wants to be answered: tools, reasoning, form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollway.proxy.v1.conversation_pb2 import ToolChoice, ToolChoiceMode
from tollway.proxy.v1.inference_pb2 import JsonSchema, ReasoningEffort, ReasoningOptions, ResponseFormat
from tollwayd.core.errors import invalid_field
from tollwayd.dialects.anthropic_messages.caller_content import json_object_text
from tollwayd.dialects.anthropic_messages.effort import MIN_BUDGET_TOKENS
from tollwayd.dialects.json_body import unsupported

if TYPE_CHECKING:
    from tollwayd.dialects.anthropic_messages import request_shapes as shapes
    from tollwayd.dialects.anthropic_messages.request_shapes import MessagesRequest

_TOOL_CHOICES = {
    "auto": ToolChoiceMode.TOOL_CHOICE_MODE_AUTO,
    "any": ToolChoiceMode.TOOL_CHOICE_MODE_REQUIRED,
    "tool": ToolChoiceMode.TOOL_CHOICE_MODE_TOOL,
    "none": ToolChoiceMode.TOOL_CHOICE_MODE_NONE,
}
_EFFORTS = {
    "low": ReasoningEffort.REASONING_EFFORT_LOW,
    "medium": ReasoningEffort.REASONING_EFFORT_MEDIUM,
    "high": ReasoningEffort.REASONING_EFFORT_HIGH,
    "xhigh": ReasoningEffort.REASONING_EFFORT_HIGH,
    "max": ReasoningEffort.REASONING_EFFORT_HIGH,
}
_ABOVE_HIGH = frozenset({"xhigh", "max"})
_EFFORT_FIELD = "output_config.effort"


def read_tool_choice(choice: shapes.ToolChoice | None) -> ToolChoice | None:
    """`tool_choice`."""
    if choice is None:
        return None
    mode = _TOOL_CHOICES.get(choice.type)
    if mode is None:
        raise invalid_field("tool_choice.type", "must be 'auto', 'any', 'tool' or 'none'.")
    if mode == ToolChoiceMode.TOOL_CHOICE_MODE_TOOL and not choice.name:
        raise invalid_field("tool_choice.name", "is required.")
    return ToolChoice(mode=mode, name=choice.name)


def read_response_format(asked: MessagesRequest) -> ResponseFormat | None:
    """`output_config.format`, or the `output_format` of before."""
    wanted, path = asked.output_format, "output_format"
    if asked.output_config and asked.output_config.format:
        wanted, path = asked.output_config.format, "output_config.format"
    if wanted is None:
        return None
    if wanted.type != "json_schema":
        raise unsupported(f"{path}.type", "must be 'json_schema'.")
    schema = json_object_text(wanted.schema, f"{path}.schema")
    return ResponseFormat(json_schema=JsonSchema(schema=schema))


def read_reasoning(asked: MessagesRequest, dropped: list[str]) -> ReasoningOptions | None:
    """`thinking` and `output_config.effort`. Adds to `dropped` what is finer than the canonical form."""
    effort = _effort(asked.output_config, dropped)
    thinking = asked.thinking
    if thinking is None:
        return None if effort is None else ReasoningOptions(effort=effort)
    if thinking.display is not None:
        dropped.append("thinking.display")
    match thinking.type:
        case "disabled" | "between_tools":
            if effort is not None:
                dropped.append(_EFFORT_FIELD)
            return ReasoningOptions(effort=ReasoningEffort.REASONING_EFFORT_NONE)
        case "adaptive":
            # Anthropic's documentation: `high` is the same as no effort given.
            return ReasoningOptions(effort=effort or ReasoningEffort.REASONING_EFFORT_HIGH)
        case "enabled":
            return ReasoningOptions(effort=effort, budget_tokens=_budget(thinking))
    raise unsupported("thinking.type", "this way of thinking cannot be asked of another service than Anthropic's.")


def _effort(config: shapes.OutputConfig | None, dropped: list[str]) -> ReasoningEffort | None:
    if config is None or config.effort is None:
        return None
    if config.effort not in _EFFORTS:
        raise invalid_field(_EFFORT_FIELD, "must be 'low', 'medium', 'high', 'xhigh' or 'max'.")
    if config.effort in _ABOVE_HIGH:
        dropped.append(_EFFORT_FIELD)
    return _EFFORTS[config.effort]


def _budget(thinking: shapes.Thinking) -> int:
    if thinking.budget_tokens is None or thinking.budget_tokens < MIN_BUDGET_TOKENS:
        raise invalid_field("thinking.budget_tokens", f"must be an integer >= {MIN_BUDGET_TOKENS}.")
    return thinking.budget_tokens
