"""The canonical parts of an answer as Anthropic's content blocks, whole and as they begin in a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from tollway.proxy.v1.conversation_pb2 import Part, Reasoning

INVALID_JSON = "INVALID_JSON"
"""The member under which Anthropic's own documentation (fine-grained tool streaming) has invalid tool input wrapped."""

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])

Block = dict[str, Any]


def whole_block(part: Part, *, cut: bool) -> Block:
    """The block of a whole answer. `cut` tells that the answer reached its limit of tokens.

    REASON_FEATURE_UNSUPPORTED for parts that Anthropic has no block for; REASON_UPSTREAM_INVALID for tool arguments
    that are not a JSON object.
    """
    block = opening_block(part)
    match block["type"]:
        case "text":
            block["text"] = part.text.text or part.refusal.text
        case "tool_use":
            block["input"] = _tool_input(part.tool_call.arguments, cut=cut)
        case "thinking":
            block["thinking"] = part.reasoning.text
            block["signature"] = part.reasoning.signature
    return block


def opening_block(part: Part) -> Block:
    """The block as it stands at its beginning in a stream, before its deltas. Errors as for `whole_block`."""
    match part.WhichOneof("kind"):
        case "text" | "refusal":
            return {"type": "text", "text": ""}
        case "tool_call":
            return {"type": "tool_use", "id": part.tool_call.id, "name": part.tool_call.name, "input": {}}
        case "reasoning":
            return _opening_thoughts(part.reasoning)
        case kind:
            raise TollwayError(
                Reason.REASON_FEATURE_UNSUPPORTED,
                f"The model answered with a part of the kind '{kind}', which Anthropic's API cannot carry.",
            )


def _opening_thoughts(reasoning: Reasoning) -> Block:
    if reasoning.redacted:
        return {"type": "redacted_thinking", "data": reasoning.redacted}
    return {"type": "thinking", "thinking": "", "signature": ""}


def _tool_input(arguments: str, *, cut: bool) -> msgspec.Raw | dict[str, str]:
    """The arguments as the object that Anthropic's `input` is, byte for byte.

    Arguments that the limit of tokens cut off are no object. They go out whole as the one string of an object that no
    tool takes for its input, so that nothing is invented and nothing lost; `stop_reason` says `max_tokens` beside it.
    """
    if not arguments.strip():
        return {}
    try:
        _OBJECT.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        if cut:
            return {INVALID_JSON: arguments}
        raise TollwayError(
            Reason.REASON_UPSTREAM_INVALID, "The model wrote tool arguments that are not a JSON object."
        ) from None
    return msgspec.Raw(arguments)
