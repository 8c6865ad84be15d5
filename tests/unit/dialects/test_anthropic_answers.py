from __future__ import annotations

import json

import pytest
from anthropic.types import Message
from google.protobuf.json_format import ParseDict

from tests.unit.dialects.anthropic_recordings import DIALECT, SHARED, cases, needs_shared
from tollway.proxy.v1.inference_pb2 import FinishReason, GenerateResponse
from tollwayd.core.errors import Reason, TollwayError

SHARED_ANSWERS = [pytest.param(file.read_bytes(), id=file.stem) for file in sorted(SHARED.glob("*.json"))]


@pytest.mark.parametrize("case", cases("provider_answers"))
def test_a_providers_answer_becomes_the_canonical_one(case):
    body = json.dumps(case.data["body"], ensure_ascii=False).encode()
    assert DIALECT.read_response(body) == ParseDict(case.data["canonical"], GenerateResponse())


@pytest.mark.parametrize("case", cases("caller_answers"))
def test_a_canonical_answer_becomes_the_callers(case):
    body = DIALECT.write_response(ParseDict(case.data["canonical"], GenerateResponse()))
    assert json.loads(body) == case.data["body"]
    Message.model_validate_json(body)


@needs_shared
@pytest.mark.parametrize("body", SHARED_ANSWERS)
def test_a_recorded_answer_survives_the_way_through_the_canonical_form(body):
    canonical = DIALECT.read_response(body)
    written = DIALECT.write_response(canonical)
    for field in ("terms", "parts"):  # They are between the gateway and the provider.
        canonical.usage.ClearField(field)
    assert DIALECT.read_response(written) == canonical
    message, original = Message.model_validate_json(written), json.loads(body)
    kept = {"text", "tool_use", "thinking", "redacted_thinking"}
    assert [block.type for block in message.content] == [b["type"] for b in original["content"] if b["type"] in kept]
    assert message.stop_reason == original["stop_reason"]
    for field in ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"):
        assert getattr(message.usage, field) == original["usage"].get(field, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"content": "text"}',
        b'{"content": [{"text": "untyped"}]}',
        b'{"content": [{"type": "text", "text": 1}]}',
        b'{"content": [{"type": "tool_use", "id": "t", "name": "n", "input": "{}"}]}',
        b'{"content": [{"type": "tool_use", "id": "t", "name": "n", "input": {"a": "\xff"}}]}',
        b'{"content": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_answer_is_the_providers_fault(body):
    with pytest.raises(TollwayError) as caught:
        DIALECT.read_response(body)
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID


@pytest.mark.parametrize("arguments", ['{"a": ', "[1]", "null", "not json"])
def test_arguments_that_are_no_object_are_never_repaired(arguments):
    response = ParseDict(
        {"parts": [{"toolCall": {"id": "t", "name": "n", "arguments": arguments}}]}, GenerateResponse()
    )
    response.finish_reason = FinishReason.FINISH_REASON_TOOL_CALLS
    with pytest.raises(TollwayError) as caught:
        DIALECT.write_response(response)
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID
    response.finish_reason = FinishReason.FINISH_REASON_LENGTH
    message = Message.model_validate_json(DIALECT.write_response(response))
    assert (message.content[0].input, message.stop_reason) == ({"INVALID_JSON": arguments}, "max_tokens")


@pytest.mark.parametrize(
    ("reason", "stop_sequence", "word"),
    [
        ("STOP", "", "end_turn"),
        ("STOP", "END", "stop_sequence"),
        ("UNSPECIFIED", "", "end_turn"),
        ("LENGTH", "", "max_tokens"),
        ("TOOL_CALLS", "", "tool_use"),
        ("CONTENT_FILTER", "", "refusal"),
        ("REFUSAL", "", "refusal"),
        ("PAUSED", "", "pause_turn"),
    ],
)
def test_every_end_has_its_word(reason, stop_sequence, word):
    response = GenerateResponse(finish_reason=f"FINISH_REASON_{reason}", stop_sequence=stop_sequence)
    message = Message.model_validate_json(DIALECT.write_response(response))
    assert (message.stop_reason, message.stop_sequence) == (word, stop_sequence or None)


def test_an_answer_that_anthropic_has_no_block_for_is_refused():
    response = ParseDict({"parts": [{"audio": {"media": {"url": "https://x"}}}]}, GenerateResponse())
    with pytest.raises(TollwayError) as caught:
        DIALECT.write_response(response)
    assert caught.value.reason == Reason.REASON_FEATURE_UNSUPPORTED


def test_the_names_of_a_model_list():
    body = b'{"data": [{"type": "model", "id": "claude-opus-5", "display_name": "x"}, {"id": "b"}], "has_more": false}'
    assert DIALECT.read_models(body) == ["claude-opus-5", "b"]


@pytest.mark.parametrize("body", [b"{}", b'{"data": [{}]}', b'{"data": {}}', b"not found"])
def test_what_is_no_model_list_is_the_providers_fault(body):
    with pytest.raises(TollwayError) as caught:
        DIALECT.read_models(body)
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID


def test_where_requests_go_and_with_which_headers():
    assert DIALECT.path("any", stream=True) == DIALECT.path("any", stream=False) == "/v1/messages"
    assert dict(DIALECT.headers("sk-1")) == {"x-api-key": "sk-1", "anthropic-version": "2023-06-01"}
    assert dict(DIALECT.headers("")) == {"anthropic-version": "2023-06-01"}
