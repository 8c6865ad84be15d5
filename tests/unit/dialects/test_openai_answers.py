from __future__ import annotations

import json

import pytest
from google.protobuf.json_format import ParseDict
from openai.types.chat import ChatCompletion

from tests.unit.dialects.openai_recordings import DIALECT, cases, shared_answers
from tollway.proxy.v1.inference_pb2 import GenerateResponse
from tollwayd.core.errors import Reason, TollwayError


def answer(message, **members):
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return json.dumps({"id": "chatcmpl-1", "model": "gpt-x", "choices": [choice], **members}).encode()


def refusal(call, *arguments):
    with pytest.raises(TollwayError) as caught:
        call(*arguments)
    return caught.value


@pytest.mark.parametrize("case", cases("provider_answers"))
def test_a_providers_answer_becomes_the_canonical_one(case):
    response = DIALECT.read_response(json.dumps(case.data["body"]).encode())
    assert response == ParseDict(case.data["canonical"], GenerateResponse())


@pytest.mark.parametrize("case", cases("caller_answers"))
def test_a_canonical_answer_becomes_the_callers(case):
    body = DIALECT.write_response(ParseDict(case.data["canonical"], GenerateResponse()))
    written = json.loads(body)
    assert written.pop("created") > 1_700_000_000
    assert written == case.data["body"]
    ChatCompletion.model_validate_json(body, strict=True)


@pytest.mark.parametrize("body", shared_answers())
def test_a_recorded_answer_survives_the_way_through_the_canonical_form(body):
    response = DIALECT.read_response(body)
    written = DIALECT.write_response(response)
    for field in ("terms", "parts"):  # They are between the gateway and the provider.
        response.usage.ClearField(field)
    assert DIALECT.read_response(written) == response
    message = ChatCompletion.model_validate_json(written, strict=True).choices[0].message
    [said] = json.loads(body)["choices"]
    texts = [part.text.text for part in response.parts if part.HasField("text")]
    thoughts = [part.reasoning.text for part in response.parts if part.HasField("reasoning")]
    if isinstance(said["message"].get("content"), str):
        assert texts == [text for text in [said["message"]["content"]] if text]
    assert thoughts == [text for text in [message.model_extra.get("reasoning_content")] if text]
    assert len(message.tool_calls or ()) == len(said["message"].get("tool_calls") or ())


def test_an_answer_without_an_id_gets_one():
    first, second = (json.loads(DIALECT.write_response(GenerateResponse()))["id"] for _ in range(2))
    assert first.startswith("chatcmpl-")
    assert first != second


def test_calls_without_ids_get_different_ones_and_the_same_each_time():
    calls = [{"function": {"name": "a", "arguments": "{}"}}] * 2
    ids = [
        [part.tool_call.id for part in DIALECT.read_response(answer({"tool_calls": calls}, id=answer_id)).parts]
        for answer_id in ("x", "x", "y")
    ]
    assert ids[0] == ids[1]
    assert len({*ids[0], *ids[2]}) == 4


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gateway</html>",
        b"[]",
        b'{"id":"x"}',
        b'{"choices":[]}',
        b'{"choices":null}',
        b'{"choices":[{"index":0}]}',
        b'{"choices":[{"message":{"content":7}}]}',
        b'{"choices":[{"message":{"content":"\xff"}}]}',
        b'{"choices":' + b"[" * 100_000,
    ],
)
def test_an_answer_of_another_shape_is_the_providers_fault(body):
    assert refusal(DIALECT.read_response, body).reason == Reason.REASON_UPSTREAM_INVALID


def test_an_error_under_status_200_is_an_error():
    body = b'{"error":{"message":"Provider returned error","code":429}}'
    assert refusal(DIALECT.read_response, body).reason == Reason.REASON_UPSTREAM_RATE_LIMITED


@pytest.mark.parametrize("reason", ["eos", "", None])
def test_a_finish_reason_that_is_not_known_is_none(reason):
    body = json.dumps({"choices": [{"message": {"content": "x"}, "finish_reason": reason}]}).encode()
    assert DIALECT.read_response(body).finish_reason == 0


def test_a_part_that_openai_has_no_words_for_is_not_left_out_in_silence():
    response = ParseDict({"parts": [{"image": {"media": {"url": "https://x"}}}]}, GenerateResponse())
    assert refusal(DIALECT.write_response, response).reason == Reason.REASON_FEATURE_UNSUPPORTED


def test_models_are_listed():
    assert DIALECT.models_path == "/models"
    assert DIALECT.read_models(b'{"object":"list","data":[{"id":"a","owned_by":"x"},{"id":"b/c"}]}') == ["a", "b/c"]
    assert DIALECT.read_models(b'[{"id":"together"}]') == ["together"]
    assert refusal(DIALECT.read_models, b'{"data":[{"name":"a"}]}').reason == Reason.REASON_UPSTREAM_INVALID
