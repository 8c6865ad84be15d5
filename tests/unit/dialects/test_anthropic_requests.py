from __future__ import annotations

import json

import protovalidate
import pytest
from google.protobuf.json_format import ParseDict

from tests.unit.dialects.anthropic_recordings import DIALECT, cases
from tollway.proxy.v1.inference_pb2 import GenerateRequest
from tollwayd.core.errors import Reason, TollwayError

MINIMAL = {"model": "claude", "max_tokens": 16, "messages": [{"role": "user", "content": "Hi"}]}


def ask(**fields):
    return DIALECT.read_request(DIALECT.peek(json.dumps({**MINIMAL, **fields}).encode()))


def ask_with(*blocks):
    return ask(messages=[{"role": "user", "content": list(blocks)}])


def send(model="claude-sonnet-4-5", **fields):
    request = ParseDict(
        {"messages": [{"role": "ROLE_USER", "parts": [{"text": {"text": "Hi"}}]}], **fields}, GenerateRequest()
    )
    return DIALECT.write_request(request, model, stream=False)


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
    asked = DIALECT.read_request(DIALECT.peek(json.dumps(case.data["body"]).encode()))
    written = DIALECT.write_request(asked.request, "claude-sonnet-4-5", stream=False)
    again = DIALECT.read_request(DIALECT.peek(written.body)).request
    assert [message for message in again.messages if message.role != 1] == [
        message for message in asked.request.messages if message.role != 1
    ]
    assert again.tools == asked.request.tools
    assert again.response_format == asked.request.response_format


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 2**31}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": [{"role": "user", "content": []}], "cache_control": {"type": "ephemeral"}}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"temperature": 1.5}, "temperature"),
        ({"top_p": "1"}, "top_p"),
        ({"stop_sequences": ["x"] * 65}, "stop_sequences"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1000}}, "thinking.budget_tokens"),
        ({"output_config": {"effort": "enormous"}}, "output_config.effort"),
        ({"tool_choice": {"type": "required"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
        ({"tools": [{"name": "t"}]}, "tools[0].input_schema"),
        ({"tools": [{"name": "t", "input_schema": "{}"}]}, "tools[0].input_schema"),
        ({"cache_control": {"type": "ephemeral", "ttl": "2h"}}, "cache_control.ttl"),
        ({"cache_control": {"type": "lasting"}}, "cache_control.type"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
    ],
)
def test_a_wrong_field_is_named_as_the_caller_wrote_it(fields, field):
    with pytest.raises(TollwayError) as caught:
        ask(**fields)
    assert (caught.value.reason, caught.value.metadata["field"]) == (Reason.REASON_FIELD_INVALID, field)


@pytest.mark.parametrize(
    ("block", "field"),
    [
        ({"type": "image"}, "source"),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "not base64"}},
            "source.data",
        ),
        ({"type": "image", "source": {"type": "base64", "data": "aGk="}}, "source.media_type"),
        ({"type": "tool_use", "id": "t", "name": "n"}, "input"),
        ({"type": "tool_use", "id": "t", "name": "n", "input": []}, "input"),
        ({"type": "tool_result", "content": "x"}, "tool_use_id"),
        ({"type": "tool_result", "tool_use_id": "t", "content": {"type": "text"}}, "content"),
        ({"type": "thinking"}, "thinking"),
        ({"type": "redacted_thinking"}, "data"),
    ],
)
def test_a_wrong_block_is_named_by_its_place(block, field):
    with pytest.raises(TollwayError) as caught:
        ask_with({"type": "text", "text": "x"}, block)
    assert caught.value.metadata["field"] == f"messages[0].content[1].{field}"
    assert caught.value.reason == Reason.REASON_FIELD_INVALID


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
        ({"container": "container_1"}, "container"),
        ({"mcp_servers": [{"type": "url", "url": "https://x", "name": "x"}]}, "mcp_servers"),
        ({"inference_geo": "us"}, "inference_geo"),
        ({"thinking": {"type": "some_later_way"}}, "thinking.type"),
        ({"output_format": {"type": "xml"}}, "output_format.type"),
    ],
)
def test_what_only_anthropic_can_do_is_refused_for_another_provider(fields, field):
    with pytest.raises(TollwayError) as caught:
        ask(**fields)
    assert (caught.value.reason, caught.value.metadata["field"]) == (Reason.REASON_FEATURE_UNSUPPORTED, field)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "search_result", "source": "https://x", "title": "x", "content": [{"type": "text", "text": "x"}]},
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
        {"type": "code_execution_tool_result", "tool_use_id": "s", "content": {"type": "code_execution_result"}},
        {"type": "document", "source": {"type": "content", "content": "x"}},
        {"type": "document", "source": {"type": "text", "data": "x"}, "citations": {"enabled": True}},
        {"type": "document", "source": {"type": "text", "data": "x"}, "context": "a letter"},
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "tool_reference", "tool_name": "x"}]},
    ],
)
def test_content_that_only_anthropic_reads_is_refused_for_another_provider(block):
    with pytest.raises(TollwayError) as caught:
        ask_with(block)
    assert caught.value.reason == Reason.REASON_FEATURE_UNSUPPORTED


def test_a_top_k_of_zero_is_none():
    assert not ask(top_k=0).request.HasField("top_k")


def test_an_error_never_repeats_the_request():
    with pytest.raises(TollwayError) as caught:
        ask_with({"type": "s3cr3t"})
    assert "s3cr3t" not in caught.value.message


def test_json_that_stays_text_is_kept_to_the_byte():
    schema = '{ "type":"object", "properties": {"n": {"const": 1.50, "big": 12345678901234567890123}} }'
    tools = f'[{{"name": "t", "input_schema": {schema}}}]'
    body = f'{{"model":"m", "max_tokens":1, "messages":[{{"role":"user", "content":"x"}}], "tools":{tools}}}'
    request = DIALECT.read_request(DIALECT.peek(body.encode())).request
    assert request.tools[0].parameters == schema
    assert schema.encode() in DIALECT.write_request(request, "claude", stream=False).body


def test_a_mark_on_the_request_does_not_move_one_on_its_last_block():
    marked = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "5m"}}
    request = ask(cache_control={"type": "ephemeral", "ttl": "1h"}, messages=[{"role": "user", "content": [marked]}])
    assert request.request.messages[0].parts[0].cache_control.duration == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (
            {"messages": [{"role": "ROLE_USER", "parts": [{"audio": {"media": {"url": "https://x"}}}]}]},
            "messages[0].parts[0].audio",
        ),
        (
            {"messages": [{"role": "ROLE_SYSTEM", "parts": [{"image": {"media": {"url": "https://x"}}}]}]},
            "messages[0].parts",
        ),
        (
            {
                "messages": [
                    {
                        "role": "ROLE_USER",
                        "parts": [{"file": {"media": {"mediaType": "application/zip", "content": "UEs="}}}],
                    }
                ]
            },
            "messages[0].parts[0].file.media.mediaType",
        ),
        ({"responseFormat": {"jsonObject": {}}}, "responseFormat"),
    ],
)
def test_what_anthropic_has_no_words_for_is_refused(fields, field):
    with pytest.raises(TollwayError) as caught:
        send(**fields)
    assert (caught.value.reason, caught.value.metadata["field"]) == (Reason.REASON_FEATURE_UNSUPPORTED, field)


@pytest.mark.parametrize("text", ["{", '{"a": 1}, "model": "other"', "[]", "null", "{}}", '{"a": 01}'])
def test_a_callers_json_text_cannot_break_out_of_its_place(text):
    call = {"toolCall": {"id": "t", "name": "n", "arguments": text}}
    for fields in (
        {"tools": [{"name": "t", "parameters": text}]},
        {"messages": [{"role": "ROLE_ASSISTANT", "parts": [call]}]},
        {"responseFormat": {"jsonSchema": {"schema": text}}},
    ):
        with pytest.raises(TollwayError) as caught:
            send(**fields)
        assert caught.value.reason == Reason.REASON_FIELD_INVALID


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"parts": [{"text": {"text": "x"}}]}, "messages[0].role"),
        ({"role": "ROLE_USER", "parts": [{}]}, "messages[0].parts[0]"),
        ({"role": "ROLE_USER", "parts": [{"image": {"media": {}}}]}, "messages[0].parts[0].image.media"),
        (
            {"role": "ROLE_USER", "parts": [{"image": {"media": {"content": "aGk="}}}]},
            "messages[0].parts[0].image.media.mediaType",
        ),
        (
            {"role": "ROLE_USER", "parts": [{"file": {"media": {"mediaType": "text/plain", "content": "/w=="}}}]},
            "messages[0].parts[0].file.media.content",
        ),
        (
            {"role": "ROLE_TOOL", "parts": [{"toolResult": {"parts": [{}]}}]},
            "messages[0].parts[0].toolResult.parts[0]",
        ),
    ],
)
def test_a_canonical_message_that_cannot_be_sent_is_named_by_its_field(message, field):
    with pytest.raises(TollwayError) as caught:
        send(messages=[message])
    assert (caught.value.reason, caught.value.metadata["field"]) == (Reason.REASON_FIELD_INVALID, field)


def test_a_result_without_content_is_one():
    result = ask_with({"type": "tool_result", "tool_use_id": "t"}).request.messages[0]
    assert (result.role, len(result.parts[0].tool_result.parts)) == (4, 0)


def test_text_that_is_empty_is_left_out_since_anthropic_refuses_it():
    empty = {"role": "ROLE_ASSISTANT", "parts": [{"text": {"text": ""}}]}
    user = {"role": "ROLE_USER", "parts": [{"text": {"text": "Hi"}}]}
    body = json.loads(send(messages=[user, empty, user]).body)
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Hi"}] * 2}]


def test_a_tool_choice_without_tools_is_left_out_since_anthropic_refuses_it():
    assert "tool_choice" not in json.loads(send(toolChoice={"mode": "TOOL_CHOICE_MODE_AUTO"}).body)


def test_a_temperature_of_zero_is_sent():
    assert json.loads(send(temperature=0).body)["temperature"] == 0


def test_one_tool_at_a_time_is_asked_for_where_nothing_else_was_chosen():
    body = json.loads(send(tools=[{"name": "t"}], parallelToolCalls=False).body)
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
