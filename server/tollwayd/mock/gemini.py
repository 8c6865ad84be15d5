"""Google's Gemini."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from tollwayd.mock.dialect import bearer, encode
from tollwayd.mock.exchange import Asked, Counts, Failure, RequestError, Said, count_tokens, decoded, object_of, text_of
from tollwayd.mock.framing import Framing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tollwayd.mock.journal import Received
    from tollwayd.mock.script import DialectName, Operation

_STATUSES: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

_FINISH_REASONS: Mapping[str, str] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
}


class _Content(msgspec.Struct):
    parts: list[Any] = []
    role: Literal["user", "model", "function"] | None = None


class _GenerationConfig(msgspec.Struct, rename="camel"):
    max_output_tokens: int | None = None


class _Request(msgspec.Struct, rename="camel"):
    contents: Annotated[list[_Content], Meta(min_length=1)]
    system_instruction: _Content | None = None
    generation_config: _GenerationConfig | None = None


class _CountRequest(msgspec.Struct, rename="camel"):
    contents: Annotated[list[_Content], Meta(min_length=1)] | None = None
    generate_content_request: _Request | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_COUNT_REQUEST = msgspec.json.Decoder(_CountRequest)


def _server_sent(line: bytes) -> bytes:
    return b"data: %b\r\n\r\n" % line


_EVENTS = Framing("text/event-stream", _server_sent)
_ARRAY = Framing("application/json; charset=UTF-8", bytes, first=b"[", between=b",\r\n", end=b"]\n")


class Gemini:
    """`/v1beta/models/{model}:generateContent`, `:streamGenerateContent`, `:countTokens`, and `/v1beta/models`."""

    name: Final[DialectName] = "gemini"
    request_id_header: Final = ""

    def key(self, received: Received) -> str:
        return received.headers.get("x-goog-api-key") or received.query.get("key") or bearer(received)

    def denial(self, key: str) -> RequestError:
        # Gemini has no 401 for keys: https://ai.google.dev/gemini-api/docs/troubleshooting
        if key:
            return RequestError(400, "API key not valid. Please pass a valid API key.")
        return RequestError(403, "Method doesn't allow unregistered callers. Please use API Key.")

    def read(self, received: Received, operation: Operation) -> Asked:
        if operation == "list_models":
            return Asked(operation)
        model, _, verb = received.path.rpartition("/models/")[2].rpartition(":")
        request = _counted(received.body) if operation == "count_tokens" else decoded(_REQUEST, received.body)
        texts = [text_of(content.parts) for content in request.contents]
        config = request.generation_config
        system = text_of(request.system_instruction.parts) if request.system_instruction else ""
        return Asked(
            operation,
            model,
            prompt=texts[-1],
            input_tokens=count_tokens("".join([system, *texts])),
            stream=verb == "streamGenerateContent",
            max_output_tokens=config.max_output_tokens if config else None,
            framing=_EVENTS if received.query.get("alt") == "sse" else _ARRAY,
        )

    def whole(self, said: Said) -> object:
        if said.asked.operation == "count_tokens":
            return {"totalTokens": said.input_tokens}
        parts = [{"text": said.text}] if said.text or not said.tool_calls else []
        answer = _answer(said, [*parts, *_function_calls(said)], finished=True)
        return answer | said.usage_field("usageMetadata", _usage)

    def lines(self, said: Said) -> list[bytes]:
        return [encode(event) for event in _events(said)]

    def listing(self, models: Sequence[str]) -> object:
        methods = ["generateContent", "countTokens"]
        return {
            "models": [
                {"name": f"models/{model}", "displayName": model, "supportedGenerationMethods": methods}
                for model in models
            ]
        }

    def error(self, failure: Failure) -> object:
        status = _STATUSES.get(failure.status, "INTERNAL" if failure.status >= 500 else "INVALID_ARGUMENT")
        error: dict[str, Any] = {"code": failure.status, "message": failure.message, "status": failure.type or status}
        if failure.retry_after:
            # Gemini says in the body how long to wait, not in a header.
            delay = f"{failure.retry_after}s"
            error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
        return {"error": error}


def _counted(body: bytes) -> _Request:
    request = decoded(_COUNT_REQUEST, body)
    if request.generate_content_request:
        return request.generate_content_request
    if request.contents is None:
        raise RequestError(400, "contents is not specified")
    return _Request(request.contents)


def _answer(said: Said, parts: list[dict[str, Any]], *, finished: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finished:
        candidate["finishReason"] = _FINISH_REASONS[said.finish]
    return {"candidates": [candidate], "modelVersion": said.asked.model, "responseId": said.id("")}


def _events(said: Said) -> Iterator[dict[str, Any]]:
    parts = [{"text": text} for text in said.deltas()] + _function_calls(said) or [{"text": ""}]
    for number, part in enumerate(parts, 1):
        finished = number == len(parts)
        usage = said.usage_field("usageMetadata", _usage if finished else partial(_usage_so_far, number))
        yield _answer(said, [part], finished=finished) | usage


def _function_calls(said: Said) -> list[dict[str, Any]]:
    return [{"functionCall": {"name": call.name, "args": object_of(call)}} for call in said.tool_calls]


def _usage_so_far(output: int, counts: Counts) -> dict[str, Any]:
    return {
        "promptTokenCount": counts.input,
        "candidatesTokenCount": output,
        "totalTokenCount": counts.input + output,
    }


def _usage(counts: Counts) -> dict[str, Any]:
    # Gemini's candidates leave out the thoughts.
    usage = {
        "promptTokenCount": counts.input,
        "candidatesTokenCount": counts.output - counts.reasoning,
        "totalTokenCount": counts.input + counts.output,
    }
    if counts.cached:
        usage["cachedContentTokenCount"] = counts.cached
    if counts.reasoning:
        usage["thoughtsTokenCount"] = counts.reasoning
    return usage
