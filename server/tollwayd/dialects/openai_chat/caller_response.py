"""A whole answer, from the canonical shape to OpenAI's `chat.completion`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tollwayd.core.call import new_call_id
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.dialects.json_body import encode
from tollwayd.dialects.openai_chat.finish_reason import finish_reason_word
from tollwayd.dialects.openai_chat.usage import usage_members

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tollway.proxy.v1.conversation_pb2 import Part, ToolCall
    from tollway.proxy.v1.inference_pb2 import GenerateResponse


def write_response(response: GenerateResponse) -> bytes:
    """The answer as JSON, without proofs of reasoning and the stop sequence. REASON_FEATURE_UNSUPPORTED for other parts
    that OpenAI has no words for."""
    message = _message(response.parts)
    refused = message["refusal"] is not None
    body: dict[str, Any] = {
        "id": response.id or answer_id(),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": response.model,
        "choices": [
            {
                "index": 0,
                "message": message,
                "logprobs": None,
                "finish_reason": finish_reason_word(response.finish_reason, refused=refused),
            }
        ],
    }
    if response.HasField("usage"):
        body["usage"] = usage_members(response.usage)
    return encode(body)


def answer_id() -> str:
    """An id for an answer whose provider gave none."""
    return f"chatcmpl-{new_call_id()}"


def unsayable(kind: str | None) -> TollwayError:
    """The error for a part of an answer, a picture say, that OpenAI has no words for."""
    return TollwayError(
        Reason.REASON_FEATURE_UNSUPPORTED,
        f"The model answered with a part of the kind '{kind}', which OpenAI's API cannot carry.",
    )


def tool_call_members(call: ToolCall) -> dict[str, Any]:
    """A tool call as OpenAI writes it."""
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _message(parts: Iterable[Part]) -> dict[str, Any]:
    texts: dict[str, list[str]] = {"text": [], "reasoning": [], "refusal": []}
    calls: list[dict[str, Any]] = []
    for part in parts:
        kind = part.WhichOneof("kind")
        if kind == "tool_call":
            calls.append(tool_call_members(part.tool_call))
        elif kind in texts:
            texts[kind].append(getattr(part, kind).text)
        else:
            raise unsayable(kind)
    message: dict[str, Any] = {
        "role": "assistant",
        # Null beside calls or a refusal alone, as at OpenAI; an answer of nothing is the empty text.
        "content": "".join(texts["text"]) if texts["text"] or not (calls or texts["refusal"]) else None,
        "refusal": "".join(texts["refusal"]) if texts["refusal"] else None,
    }
    # DeepSeek's name, which others and their callers have taken over; OpenAI itself has none.
    if reasoning := "".join(texts["reasoning"]):
        message["reasoning_content"] = reasoning
    if calls:
        message["tool_calls"] = calls
    return message
