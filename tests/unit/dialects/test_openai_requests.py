from __future__ import annotations

import json

import protovalidate
import pytest
from google.protobuf.json_format import ParseDict

from tests.unit.dialects.openai_recordings import DIALECT, cases
from tollway.proxy.v1.inference_pb2 import GenerateRequest
from tollwayd.core.errors import Reason, TollwayError

MINIMAL = {"model": "fast", "messages": [{"role": "user", "content": "Hi"}]}
FUNCTION = {"type": "function", "function": {"name": "t"}}
IMAGE = "data:image/png;base64,iVBORw0KGgo="


def ask(**fields):
    return DIALECT.read_request(DIALECT.peek(json.dumps({**MINIMAL, **fields}).encode()))


def user(*parts):
    return [{"role": "user", "content": list(parts)}]


def image(url):
    return user({"type": "image_url", "image_url": {"url": url}})


def send(**fields):
    request = ParseDict(
        {"messages": [{"role": "ROLE_USER", "parts": [{"text": {"text": "Hi"}}]}], **fields}, GenerateRequest()
    )
    return DIALECT.write_request(request, "gpt-5", stream=False)


def refusal(call, *arguments, **fields):
    with pytest.raises(TollwayError) as caught:
        call(*arguments, **fields)
    return caught.value


@pytest.mark.parametrize("case", cases("caller_requests"))
def test_a_callers_request_becomes_the_canonical_one(case):
    asked = DIALECT.read_request(DIALECT.peek(json.dumps(case.data["body"]).encode()))
    assert asked.request == ParseDict(case.data["canonical"], GenerateRequest())
    assert list(asked.dropped) == case.data["dropped"]
    protovalidate.validate(asked.request)


@pytest.mark.parametrize("case", cases("provider_requests"))
def test_a_canonical_request_becomes_the_providers(case):
    request = ParseDict(case.data["canonical"], GenerateRequest())
    written = DIALECT.write_request(request, case.data["model"], stream=case.data["stream"])
    assert json.loads(written.body) == case.data["body"]
    assert list(written.dropped) == case.data["dropped"]


@pytest.mark.parametrize("case", cases("caller_requests"))
def test_what_a_caller_asks_reaches_a_provider_of_the_same_dialect_through_the_canonical_form(case):
    asked = DIALECT.read_request(DIALECT.peek(json.dumps(case.data["body"]).encode())).request
    again = DIALECT.read_request(DIALECT.peek(DIALECT.write_request(asked, "fast", stream=False).body)).request
    for request in (asked, again):
        request.ClearField("top_k")
        for part in [part for message in request.messages for part in message.parts] + list(request.tools):
            part.ClearField("cache_control")
        if not request.tools:
            request.ClearField("parallel_tool_calls")
    assert again == asked


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": [None]}, "messages[0]"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": 5}]}, "messages[1].content"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": user({"type": "text"})}, "messages[0].content[0].text"),
        ({"messages": user({"type": "text", "text": "x"}, {"text": "x"})}, "messages[0].content[1].type"),
        ({"messages": user({"type": "video"})}, "messages[0].content[0].type"),
        ({"messages": image("ftp://x/a.png")}, "messages[0].content[0].image_url.url"),
        ({"messages": image("data:image/png,abc")}, "messages[0].content[0].image_url.url"),
        ({"messages": image("data:;base64,YWJj")}, "messages[0].content[0].image_url.url"),
        ({"messages": image(IMAGE + "!")}, "messages[0].content[0].image_url.url"),
        ({"messages": image(IMAGE + "é")}, "messages[0].content[0].image_url.url"),
        ({"messages": user({"type": "file", "file": {}})}, "messages[0].content[0].file"),
        (
            {"messages": user({"type": "input_audio", "input_audio": {"data": "", "format": "flac"}})},
            "messages[0].content[0].input_audio.format",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "x"}}]}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "a"}]}]}, "messages[0].tool_calls[0].function"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": 2**31}, "max_completion_tokens"),
        ({"max_tokens": "10"}, "max_tokens"),
        ({"temperature": 2.5}, "temperature"),
        ({"top_p": "1"}, "top_p"),
        ({"seed": 2**63}, "seed"),
        ({"stop": ["x"] * 65}, "stop"),
        ({"stop": 1}, "stop"),
        ({"n": 0}, "n"),
        ({"presence_penalty": -3}, "presence_penalty"),
        ({"user": "u" * 513}, "user"),
        ({"reasoning_effort": "enormous"}, "reasoning_effort"),
        ({"response_format": {"type": "yaml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": []}}},
            "response_format.json_schema.schema",
        ),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "x" * 257}}]}, "tools[0].function.name"),
        (
            {"tools": [{"type": "function", "function": {"name": "t", "parameters": "{}"}}]},
            "tools[0].function.parameters",
        ),
        ({"tools": [FUNCTION] * 1025}, "tools"),
        ({"tools": [FUNCTION], "tool_choice": "sometimes"}, "tool_choice"),
        ({"tools": [FUNCTION], "tool_choice": {"type": "function"}}, "tool_choice.function"),
        ({"tools": [FUNCTION], "tool_choice": {"type": "allowed_tools"}}, "tool_choice.allowed_tools"),
    ],
)
def test_a_wrong_field_is_named_in_the_callers_words(fields, field):
    error = refusal(ask, **fields)
    assert (error.reason, error.violations[0].field) == (Reason.REASON_FIELD_INVALID, field)
    assert error.message.startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "alloy", "format": "wav"}}, "audio"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"function_call": "auto"}, "function_call"),
        ({"tools": [{"type": "custom", "custom": {"name": "c"}}]}, "tools[0].type"),
        ({"tools": [FUNCTION], "tool_choice": {"type": "custom", "custom": {"name": "c"}}}, "tool_choice.type"),
        ({"messages": [{"role": "function", "name": "f", "content": "x"}]}, "messages[0].role"),
        (
            {"messages": [{"role": "assistant", "function_call": {"name": "f", "arguments": ""}}]},
            "messages[0].function_call",
        ),
        ({"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}, "messages[0].audio"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "type": "custom", "custom": {}}]}]},
            "messages[0].tool_calls[0].type",
        ),
    ],
)
def test_what_would_change_the_answer_and_cannot_be_said_is_refused(fields, field):
    error = refusal(ask, **fields)
    assert (error.reason, error.metadata["field"]) == (Reason.REASON_FEATURE_UNSUPPORTED, field)


def test_the_refusal_says_what_is_expected_and_never_what_was_sent():
    assert refusal(ask, temperature="s3cret").message == "temperature: must be a number or null."
    assert refusal(ask, tools=[FUNCTION] * 1025).message == "tools: must be an array of length <= 1024."
    assert "s3cret" not in refusal(ask, response_format={"type": "s3cret"}).message


def test_a_schema_and_arguments_stay_as_they_were_written():
    schema = '{"b": 1.50,  "a":{"minimum":1e3, "title":"\\u00e9"}}'
    arguments = '{ "x" : 1.0 '
    call = {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "t", "arguments": arguments}}]}
    tools = [{"type": "function", "function": {"name": "t", "parameters": "SCHEMA"}}]
    body = json.dumps({**MINIMAL, "messages": [*MINIMAL["messages"], call], "tools": tools})
    request = DIALECT.read_request(DIALECT.peek(body.replace('"SCHEMA"', schema).encode())).request
    assert request.tools[0].parameters == schema
    assert request.messages[1].parts[0].tool_call.arguments == arguments
    assert schema.encode() in DIALECT.write_request(request, "gpt-5", stream=False).body


def test_a_string_that_is_not_utf8_is_invalid_json():
    envelope = DIALECT.peek(b'{"model":"m","messages":[{"role":"user","content":"\xff"}]}')
    assert refusal(DIALECT.read_request, envelope).reason == Reason.REASON_JSON_INVALID


@pytest.mark.parametrize(
    ("reasoning", "word"),
    [
        ({}, None),
        ({"effort": "REASONING_EFFORT_NONE"}, "none"),
        ({"effort": "REASONING_EFFORT_HIGH"}, "high"),
        ({"budgetTokens": 0}, "none"),
        ({"budgetTokens": 2048}, "low"),
        ({"budgetTokens": 2049}, "medium"),
        ({"budgetTokens": 8193}, "high"),
        ({"effort": "REASONING_EFFORT_LOW", "budgetTokens": 9000}, "low"),
    ],
)
def test_reasoning_is_asked_in_words(reasoning, word):
    assert json.loads(send(reasoning=reasoning).body).get("reasoning_effort") == word


def test_options_of_tools_are_not_sent_without_tools():
    body = json.loads(send(toolChoice={"mode": "TOOL_CHOICE_MODE_AUTO"}, parallelToolCalls=False).body)
    assert body.keys() == {"model", "messages"}


@pytest.mark.parametrize(
    ("role", "part", "field"),
    [
        ("TOOL", {"toolResult": {"parts": [{"image": {}}]}}, "messages[0].parts[0].tool_result.parts[0]"),
        ("ASSISTANT", {"image": {"media": {"url": "https://x"}}}, "messages[0].parts[0]"),
        ("USER", {"toolCall": {"id": "c", "name": "t"}}, "messages[0].parts[0]"),
        ("USER", {"image": {"media": {"fileId": "f"}}}, "messages[0].parts[0].image.media"),
        ("USER", {"audio": {"media": {"url": "https://x"}}}, "messages[0].parts[0].audio.media"),
        (
            "USER",
            {"audio": {"media": {"mediaType": "audio/flac", "content": "AA=="}}},
            "messages[0].parts[0].audio.media",
        ),
        ("USER", {"file": {"media": {"url": "https://x"}}}, "messages[0].parts[0].file.media"),
    ],
)
def test_a_part_that_openai_has_no_words_for_is_refused(role, part, field):
    error = refusal(send, messages=[{"role": f"ROLE_{role}", "parts": [part]}])
    assert (error.reason, error.metadata["field"]) == (Reason.REASON_FEATURE_UNSUPPORTED, field)


@pytest.mark.parametrize("schema", ["{", "[]", '"x"', "{} {}", '{"a":' * 2000])
def test_a_schema_that_is_no_json_object_does_not_get_into_a_body(schema):
    error = refusal(send, tools=[{"name": "t", "parameters": schema}])
    assert (error.reason, error.violations[0].field) == (Reason.REASON_FIELD_INVALID, "tools[0].parameters")


def test_where_requests_go_and_with_which_headers():
    assert DIALECT.path("gpt-5", stream=True) == "/chat/completions"
    assert DIALECT.headers("k") == (("authorization", "Bearer k"),)
    assert DIALECT.headers("") == ()
