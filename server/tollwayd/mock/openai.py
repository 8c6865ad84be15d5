"""OpenAI's chat completions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from tollwayd.mock.dialect import CREATED, bearer, encode
from tollwayd.mock.exchange import (
    Asked,
    Counts,
    Failure,
    RequestError,
    Said,
    arguments_of,
    count_tokens,
    decoded,
    pieces_of,
    text_of,
)
from tollwayd.mock.framing import Framing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tollwayd.mock.journal import Received
    from tollwayd.mock.script import DialectName, Operation

_TYPES: Mapping[int, tuple[str, str | None]] = {
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}


class _Message(msgspec.Struct):
    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: Any = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


class _Request(msgspec.Struct):
    model: str
    messages: Annotated[list[_Message], Meta(min_length=1)]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_FRAMING = Framing(done=b"data: [DONE]\n\n")


class OpenAIChat:
    """`/v1/chat/completions` and `/v1/models`."""

    name: Final[DialectName] = "openai.chat"
    request_id_header: Final = "x-request-id"

    def key(self, received: Received) -> str:
        return bearer(received)

    def denial(self, key: str) -> RequestError:
        message = "Incorrect API key provided." if key else "You didn't provide an API key."
        return RequestError(401, message)

    def read(self, received: Received, operation: Operation) -> Asked:
        if operation == "list_models":
            return Asked(operation)
        request = decoded(_REQUEST, received.body)
        if request.stream_options and not request.stream:
            raise RequestError(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
        texts = [text_of(message.content) for message in request.messages]
        return Asked(
            operation,
            request.model,
            prompt=texts[-1],
            input_tokens=count_tokens("".join(texts)),
            stream=bool(request.stream),
            max_output_tokens=request.max_completion_tokens or request.max_tokens,
            stream_usage=bool(request.stream_options and request.stream_options.include_usage),
            framing=_FRAMING,
        )

    def whole(self, said: Said) -> object:
        message: dict[str, Any] = {"role": "assistant", "content": said.text, "refusal": None}
        if said.tool_calls:
            message["content"] = said.text or None
            message["tool_calls"] = [
                _tool_call(said, index, arguments_of(call)) for index, call in enumerate(said.tool_calls)
            ]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": said.finish}
        return _head(said, "chat.completion") | {"choices": [choice]} | said.usage_field("usage", _usage)

    def lines(self, said: Said) -> list[bytes]:
        head = _head(said, "chat.completion.chunk")
        tail = {"usage": None} if said.asked.stream_usage else {}
        deltas = [*_deltas(said), ({}, said.finish)]
        lines = [encode(head | {"choices": [_choice(delta, finish)]} | tail) for delta, finish in deltas]
        if said.asked.stream_usage and (usage := said.usage_field("usage", _usage)):
            lines.append(encode(head | {"choices": []} | usage))
        return lines

    def listing(self, models: Sequence[str]) -> object:
        data = [{"id": model, "object": "model", "created": CREATED, "owned_by": "tollway-mock"} for model in models]
        return {"object": "list", "data": data}

    def error(self, failure: Failure) -> object:
        other = "server_error" if failure.status >= 500 else "invalid_request_error"
        kind, code = _TYPES.get(failure.status, (other, None))
        error = {"message": failure.message, "type": failure.type or kind, "param": None, "code": failure.code or code}
        return {"error": error}


def _head(said: Said, kind: str) -> dict[str, Any]:
    return {
        "id": said.id("chatcmpl-"),
        "object": kind,
        "created": CREATED,
        "model": said.asked.model,
        "system_fingerprint": "fp_mock",
    }


def _choice(delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _deltas(said: Said) -> Iterator[tuple[dict[str, Any], str | None]]:
    yield {"role": "assistant", "content": "", "refusal": None}, None
    for text in said.deltas():
        yield {"content": text}, None
    for index, call in enumerate(said.tool_calls):
        # Only the first delta of a tool call has its id and name; the others are joined to it by the index.
        yield {"tool_calls": [{"index": index} | _tool_call(said, index, "")]}, None
        for piece in pieces_of(arguments_of(call)):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None


def _tool_call(said: Said, index: int, arguments: str) -> dict[str, Any]:
    function = {"name": said.tool_calls[index].name, "arguments": arguments}
    return {"id": said.tool_call_id("call_", index), "type": "function", "function": function}


def _usage(counts: Counts) -> dict[str, Any]:
    return {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.input + counts.output,
        "prompt_tokens_details": {"cached_tokens": counts.cached},
        "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
    }
