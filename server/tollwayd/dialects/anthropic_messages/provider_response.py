"""Anthropic's whole answers, into the canonical form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tollway.proxy.v1.conversation_pb2 import Part, Reasoning, Text, ToolCall
from tollway.proxy.v1.inference_pb2 import GenerateResponse
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.dialects.anthropic_messages.stop_reason import finish_reason
from tollwayd.dialects.anthropic_messages.usage import UsageTally
from tollwayd.dialects.json_body import read_answer

if TYPE_CHECKING:
    from collections.abc import Callable


class _Typed(msgspec.Struct):
    type: str


class AnswerBlock(msgspec.Struct):
    """A content block of one of the types that become parts."""

    type: str
    text: str = ""
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")
    thinking: str = ""
    signature: str | None = None
    data: str = ""

    def part(self) -> Part:
        """The block as a part. REASON_UPSTREAM_INVALID for a tool's input that is no object."""
        return _PARTS[self.type](self)


class _Answer(msgspec.Struct):
    content: list[msgspec.Raw]
    id: str = ""
    model: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: Any = None


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]


_TYPED = msgspec.json.Decoder(_Typed)
_BLOCK = msgspec.json.Decoder(AnswerBlock)
_ANSWER = msgspec.json.Decoder(_Answer)
_MODELS = msgspec.json.Decoder(_Models)


def read_response(body: bytes) -> GenerateResponse:
    """A whole answer. Blocks that tell of tools run by Anthropic itself are not parts of it."""
    answer = read_answer(body, _ANSWER)
    blocks = (read_block(raw) for raw in answer.content)
    return GenerateResponse(
        id=answer.id,
        model=answer.model,
        parts=[block.part() for block in blocks if block is not None],
        finish_reason=finish_reason(answer.stop_reason),
        stop_sequence=answer.stop_sequence or "",
        usage=UsageTally().add(answer.usage),
    )


def read_models(body: bytes) -> list[str]:
    """The names in a model list."""
    return [model.id for model in read_answer(body, _MODELS).data]


def read_block(raw: msgspec.Raw) -> AnswerBlock | None:
    """A content block; None for one of a type that is no part of the answer."""
    known = read_answer(raw, _TYPED).type in _PARTS
    return read_answer(raw, _BLOCK) if known else None


def _text(block: AnswerBlock) -> Part:
    return Part(text=Text(text=block.text))


def _tool_use(block: AnswerBlock) -> Part:
    return Part(tool_call=ToolCall(id=block.id, name=block.name, arguments=_input(block)))


def _input(block: AnswerBlock) -> str:
    """The input as the JSON text that it came as."""
    try:
        text = bytes(block.input).decode()
    except UnicodeDecodeError:
        raise TollwayError(Reason.REASON_UPSTREAM_INVALID) from None
    if not text.startswith("{"):
        raise TollwayError(Reason.REASON_UPSTREAM_INVALID)
    return text


def _thinking(block: AnswerBlock) -> Part:
    return Part(reasoning=Reasoning(text=block.thinking, signature=block.signature or ""))


def _redacted_thinking(block: AnswerBlock) -> Part:
    return Part(reasoning=Reasoning(redacted=block.data))


_PARTS: dict[str, Callable[[AnswerBlock], Part]] = {
    "text": _text,
    "tool_use": _tool_use,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
}
