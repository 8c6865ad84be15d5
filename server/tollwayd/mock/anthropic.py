"""Anthropic's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from tollwayd.mock.dialect import bearer, encode
from tollwayd.mock.exchange import (
    Asked,
    Counts,
    Failure,
    RequestError,
    Said,
    arguments_of,
    count_tokens,
    decoded,
    object_of,
    pieces_of,
    text_of,
)
from tollwayd.mock.framing import Framing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tollwayd.mock.journal import Received
    from tollwayd.mock.script import DialectName, Operation

_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}

_STOP_REASONS: Mapping[str, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


class _Message(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: Any


class _Countable(msgspec.Struct):
    model: str
    messages: Annotated[list[_Message], Meta(min_length=1)]
    system: Any = None


class _Request(_Countable, kw_only=True):
    max_tokens: Annotated[int, Meta(ge=1)]
    stream: bool = False


class _Event(msgspec.Struct):
    type: str = "message"


_REQUEST = msgspec.json.Decoder(_Request)
_COUNTABLE = msgspec.json.Decoder(_Countable)
_EVENT = msgspec.json.Decoder(_Event)


def _named(line: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (_EVENT.decode(line).type.encode(), line)


_FRAMING = Framing(frame=_named)


class AnthropicMessages:
    """`/v1/messages`, `/v1/messages/count_tokens` and `/v1/models`."""

    name: Final[DialectName] = "anthropic.messages"
    request_id_header: Final = "request-id"

    def key(self, received: Received) -> str:
        return received.headers.get("x-api-key") or bearer(received)

    def denial(self, key: str) -> RequestError:
        return RequestError(401, "invalid x-api-key" if key else "x-api-key header is required")

    def read(self, received: Received, operation: Operation) -> Asked:
        if "anthropic-version" not in received.headers:
            raise RequestError(400, "anthropic-version: header is required")
        if operation == "list_models":
            return Asked(operation)
        if operation == "count_tokens":
            return _asked(operation, decoded(_COUNTABLE, received.body))
        request = decoded(_REQUEST, received.body)
        return _asked(operation, request, stream=request.stream, max_output_tokens=request.max_tokens)

    def whole(self, said: Said) -> object:
        if said.asked.operation == "count_tokens":
            return {"input_tokens": said.input_tokens}
        content: list[dict[str, Any]] = [{"type": "text", "text": said.text}] if said.text else []
        for index, call in enumerate(said.tool_calls):
            content.append(_tool_use(said, index) | {"input": object_of(call)})
        return _message(said, content, _STOP_REASONS[said.finish]) | said.usage_field("usage", _usage)

    def lines(self, said: Said) -> list[bytes]:
        return [encode(event) for event in _events(said)]

    def listing(self, models: Sequence[str]) -> object:
        data = [
            {"type": "model", "id": model, "display_name": model, "created_at": "2026-01-01T00:00:00Z"}
            for model in models
        ]
        ends = {"first_id": models[0], "last_id": models[-1]} if models else {"first_id": None, "last_id": None}
        return {"data": data, "has_more": False} | ends

    def error(self, failure: Failure) -> object:
        kind = _TYPES.get(failure.status, "api_error" if failure.status >= 500 else "invalid_request_error")
        return {"type": "error", "error": {"type": failure.type or kind, "message": failure.message}}


def _asked(operation: Operation, request: _Countable, **more: Any) -> Asked:
    texts = [text_of(message.content) for message in request.messages]
    tokens = count_tokens("".join([text_of(request.system), *texts]))
    return Asked(operation, request.model, prompt=texts[-1], input_tokens=tokens, framing=_FRAMING, **more)


def _message(said: Said, content: list[dict[str, Any]], stop_reason: str | None) -> dict[str, Any]:
    return {
        "id": said.id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": said.asked.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
    }


def _events(said: Said) -> Iterator[dict[str, Any]]:
    yield {"type": "message_start", "message": _message(said, [], None) | said.usage_field("usage", _first_usage)}
    yield {"type": "ping"}
    blocks = [_text_block(said)] if said.text or not said.tool_calls else []
    blocks += [_tool_block(said, index) for index in range(len(said.tool_calls))]
    for index, (block, deltas) in enumerate(blocks):
        yield {"type": "content_block_start", "index": index, "content_block": block}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": _STOP_REASONS[said.finish], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta} | said.usage_field("usage", _usage)
    yield {"type": "message_stop"}


def _text_block(said: Said) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    return {"type": "text", "text": ""}, ({"type": "text_delta", "text": text} for text in said.deltas())


def _tool_block(said: Said, index: int) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    pieces = pieces_of(arguments_of(said.tool_calls[index]))
    deltas = ({"type": "input_json_delta", "partial_json": piece} for piece in pieces)
    return _tool_use(said, index) | {"input": {}}, deltas


def _tool_use(said: Said, index: int) -> dict[str, Any]:
    return {"type": "tool_use", "id": said.tool_call_id("toolu_", index), "name": said.tool_calls[index].name}


def _usage(counts: Counts) -> dict[str, Any]:
    # Anthropic's input tokens leave out those of the cache.
    return {
        "input_tokens": counts.input - counts.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": counts.cached,
        "output_tokens": counts.output,
    }


def _first_usage(counts: Counts) -> dict[str, Any]:
    return _usage(counts) | {"output_tokens": min(1, counts.output)}
