"""A provider's whole answer and its model list, from OpenAI's shape to the canonical one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from tollway.proxy.v1.conversation_pb2 import Part, Reasoning, Refusal, Text, ToolCall
from tollway.proxy.v1.inference_pb2 import GenerateResponse
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.dialects.json_body import read_answer
from tollwayd.dialects.openai_chat.answer_shapes import ANSWER
from tollwayd.dialects.openai_chat.finish_reason import read_finish_reason
from tollwayd.dialects.openai_chat.provider_error import stream_error
from tollwayd.dialects.openai_chat.service_tier import terms_said
from tollwayd.dialects.openai_chat.tool_call_id import tool_call_id
from tollwayd.dialects.openai_chat.usage import read_usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tollwayd.dialects.openai_chat.answer_shapes import Answer, Said


class _Model(Struct):
    id: str


class _ModelList(Struct):
    data: list[_Model]


# Together gives the list itself, without the object around it.
_MODELS = msgspec.json.Decoder(_ModelList | list[_Model])


def read_response(body: bytes) -> GenerateResponse:
    """The answer's first choice. REASON_UPSTREAM_INVALID where there is none, or the error that stands in its place."""
    answer = read_answer(body, ANSWER)
    if answer.error:  # OpenRouter answers with status 200 before its own upstream fails.
        raise stream_error(answer.error)
    message = answer.choices[0].message if answer.choices else None
    if not answer.choices or message is None:
        raise TollwayError(Reason.REASON_UPSTREAM_INVALID)
    return GenerateResponse(
        id=answer.id or "",
        model=answer.model or "",
        parts=_parts(answer, message),
        finish_reason=read_finish_reason(
            answer.choices[0].finish_reason, tool_calls=bool(message.tool_calls), refused=bool(message.refusal)
        ),
        usage=read_usage(answer.usage, terms_said(answer.service_tier)),
    )


def read_models(body: bytes) -> list[str]:
    """The ids in a model list. REASON_UPSTREAM_INVALID where it is not one."""
    answer = read_answer(body, _MODELS)
    return [model.id for model in (answer.data if isinstance(answer, _ModelList) else answer)]


def text_part(kind: str, text: str) -> Part:
    """A part of one of the kinds that hold a text: `text`, `reasoning`, `refusal`."""
    if kind == "reasoning":
        return Part(reasoning=Reasoning(text=text))
    return Part(refusal=Refusal(text=text)) if kind == "refusal" else Part(text=Text(text=text))


def _parts(answer: Answer, message: Said) -> Iterator[Part]:
    for kind, text in message.texts():
        yield text_part(kind, text)
    for place, call in enumerate(message.tool_calls or ()):
        call_id = call.id or tool_call_id(answer.id or "", place)
        yield Part(tool_call=ToolCall(id=call_id, name=call.name, arguments=call.arguments))
