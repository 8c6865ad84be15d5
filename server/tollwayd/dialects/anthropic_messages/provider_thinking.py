"""How a request's reasoning is asked of Anthropic, and the limit of tokens that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tollway.proxy.v1.conversation_pb2 import Role, ToolChoiceMode
from tollwayd.dialects.anthropic_messages.effort import budget_tokens, effort_word, is_off, is_open
from tollwayd.dialects.anthropic_messages.provider_content import can_be_sent_back

if TYPE_CHECKING:
    from tollway.proxy.v1.inference_pb2 import GenerateRequest
    from tollwayd.dialects.anthropic_messages.generation import Generation

ANSWER_TOKENS = 4096
"""Room for the answer beside a thinking budget, where the caller sets no limit."""

_FORCING = (ToolChoiceMode.TOOL_CHOICE_MODE_REQUIRED, ToolChoiceMode.TOOL_CHOICE_MODE_TOOL)


class Thinking(NamedTuple):
    """`max_tokens`, and where they are asked for `thinking` and `output_config.effort`."""

    max_tokens: int
    config: dict[str, Any] | None = None
    effort: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether the model is told to think."""
        return self.config is not None and self.config["type"] != "disabled"


def plan_thinking(request: GenerateRequest, model: Generation, dropped: list[str]) -> Thinking:
    """The caller's limit is never raised, since it includes reasoning and bounds what the call may cost: a budget is
    cut to fit below it. Reasoning that cannot be had so is named in `dropped`."""
    cap = request.max_output_tokens if request.HasField("max_output_tokens") else None
    room = cap or model.default_max_tokens
    wanted = request.reasoning
    if not request.HasField("reasoning") or is_open(wanted):
        return Thinking(room)
    if is_off(wanted):
        return _without_thinking(room, model, dropped)
    if model.adaptive:
        return Thinking(room, {"type": "adaptive"}, effort_word(wanted))
    budget = None if _refuses_budget(request) else budget_tokens(wanted, cap)
    if budget is None:
        dropped.append("reasoning")
        return Thinking(room)
    config = {"type": "enabled", "budget_tokens": budget}
    return Thinking(cap or max(room, budget + ANSWER_TOKENS), config)


def _without_thinking(room: int, model: Generation, dropped: list[str]) -> Thinking:
    if model.can_stop_thinking:
        return Thinking(room, {"type": "disabled"})
    dropped.append("reasoning")
    return Thinking(room, effort="low")


def _refuses_budget(request: GenerateRequest) -> bool:
    """Whether Anthropic would refuse a thinking budget: it takes none with a tool that must be called, nor in the midst
    of a turn that began without thoughts, as every turn does that callers of other dialects send back."""
    if request.tool_choice.mode in _FORCING:
        return True
    turn = next((message for message in reversed(request.messages) if message.role == Role.ROLE_ASSISTANT), None)
    if turn is None or not any(part.HasField("tool_call") for part in turn.parts):
        return False
    return not can_be_sent_back(turn.parts[0].reasoning)
