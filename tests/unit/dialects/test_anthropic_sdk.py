"""What callers get, read by the SDK that they use."""

from __future__ import annotations

import json

import anthropic
import httpx2
import pytest
from google.protobuf.json_format import ParseDict

from tests.unit.dialects.anthropic_recordings import DIALECT, read, streams, write
from tollway.proxy.v1.inference_pb2 import GenerateResponse, StreamGenerateResponse
from tollwayd.core.errors import Reason, TollwayError

ASK = {"model": "claude-opus-4-8", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]}


def client(answer):
    """An SDK client whose every request is answered by `answer(request)`."""
    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return anthropic.Anthropic(api_key="k", base_url="http://gateway", max_retries=0, http_client=http)


def streaming(body):
    return client(lambda _request: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body))


def final_message(body):
    with streaming(body) as sdk, sdk.messages.stream(**ASK) as stream:
        return stream.get_final_message()


@pytest.mark.parametrize("stream", streams())
def test_the_streaming_helper_puts_the_message_together(stream):
    events = read(stream)
    message = final_message(write(events))
    parts = [event.part_started.part.WhichOneof("kind") for event in events if event.HasField("part_started")]
    types = {"text": {"text"}, "tool_call": {"tool_use"}, "reasoning": {"thinking", "redacted_thinking"}}
    assert len(parts) == len(message.content)
    assert all(block.type in types[part] for part, block in zip(parts, message.content, strict=True))
    texts = [block.text for block in message.content if block.type == "text"]
    assert "".join(texts) == "".join(event.part_delta.text for event in events)
    usage = [event.usage for event in events if event.HasField("usage")][-1]
    assert message.usage.input_tokens == usage.input_tokens
    assert message.usage.cache_read_input_tokens == usage.cache_read_tokens
    assert message.usage.cache_creation_input_tokens == usage.cache_write_tokens + usage.cache_write_1h_tokens
    assert message.usage.output_tokens == usage.output_tokens + usage.reasoning_tokens


def test_thoughts_signatures_and_tool_input_arrive_whole():
    events = [
        {"started": {"id": "m", "model": "gpt-x"}},
        {"partStarted": {"index": 0, "part": {"reasoning": {}}}},
        {"partDelta": {"index": 0, "reasoning": "hm"}},
        {"partDelta": {"index": 0, "signature": "si"}},
        {"partDelta": {"index": 0, "signature": "g"}},
        {"partFinished": {"index": 0}},
        {"partStarted": {"index": 1, "part": {"toolCall": {"id": "call_1", "name": "f"}}}},
        {"partStarted": {"index": 2, "part": {"toolCall": {"id": "call_2", "name": "g"}}}},
        {"partDelta": {"index": 1, "arguments": '{"a"'}},
        {"partDelta": {"index": 2, "arguments": "{}"}},
        {"partDelta": {"index": 1, "arguments": ": 1}"}},
        {"partFinished": {"index": 1}},
        {"partFinished": {"index": 2}},
        {"finished": {"reason": "FINISH_REASON_TOOL_CALLS"}},
        {"usage": {"inputTokens": "3", "outputTokens": "4"}},
    ]
    message = final_message(write(ParseDict(event, StreamGenerateResponse()) for event in events))
    thoughts, first, second = message.content
    assert (thoughts.thinking, thoughts.signature) == ("hm", "sig")
    assert (first.id, first.name, first.input) == ("call_1", "f", {"a": 1})
    assert (second.id, second.input) == ("call_2", {})
    assert (message.id, message.model, message.stop_reason) == ("m", "gpt-x", "tool_use")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (3, 4)


def test_a_whole_answer():
    response = GenerateResponse(id="m", model="gpt-x", finish_reason="FINISH_REASON_STOP")
    response.parts.add().text.text = "Hi"
    with client(lambda _request: httpx2.Response(200, content=DIALECT.write_response(response))) as sdk:
        message = sdk.messages.create(**ASK)
    assert (message.content[0].text, message.stop_reason) == ("Hi", "end_turn")


@pytest.mark.parametrize(
    ("reason", "raised"),
    [
        (Reason.REASON_CREDENTIAL_INVALID, anthropic.AuthenticationError),
        (Reason.REASON_MODEL_NOT_ALLOWED, anthropic.PermissionDeniedError),
        (Reason.REASON_MODEL_NOT_FOUND, anthropic.NotFoundError),
        (Reason.REASON_FIELD_INVALID, anthropic.BadRequestError),
        (Reason.REASON_UPSTREAM_RATE_LIMITED, anthropic.RateLimitError),
        (Reason.REASON_INTERNAL, anthropic.InternalServerError),
        (Reason.REASON_UPSTREAM_INVALID, anthropic.InternalServerError),
    ],
)
def test_an_error_raises_the_sdks_own_class(reason, raised):
    error = TollwayError(reason, "Because.")
    answer = httpx2.Response(
        error.rule.http_status, content=DIALECT.error_body(error).data, headers={"content-type": "application/json"}
    )
    with client(lambda _request: answer) as sdk, pytest.raises(raised, match="Because"):
        sdk.messages.create(**ASK)


def test_an_error_within_a_stream_is_raised_after_what_came_before():
    events = [{"started": {"id": "m"}}, {"partStarted": {"part": {"text": {}}}}, {"partDelta": {"text": "Hi"}}]
    writer = DIALECT.event_writer(DIALECT.peek(json.dumps(ASK).encode()))
    body = b"".join(writer.write(ParseDict(event, StreamGenerateResponse())) for event in events)
    body += DIALECT.error_event(TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED, "It broke off."))
    said = []
    broken_off = pytest.raises(anthropic.APIStatusError, match="It broke off")
    with streaming(body) as sdk, broken_off, sdk.messages.stream(**ASK) as stream:
        said.extend(stream.text_stream)
    assert said == ["Hi"]


def test_what_the_sdk_sends_is_read():
    sent = []

    def answer(request):
        sent.append(request)
        return httpx2.Response(200, content=DIALECT.write_response(GenerateResponse(id="m", model="x")))

    tool = {"name": "t", "input_schema": {"type": "object"}}
    with client(answer) as sdk:
        sdk.messages.create(**ASK, system="Be brief.", tools=[tool], thinking={"type": "adaptive"})
    assert sent[0].url.path == DIALECT.path("any", stream=False)
    asked = DIALECT.read_request(DIALECT.peek(sent[0].read()))
    assert (len(asked.request.messages), asked.request.tools[0].name, asked.dropped) == (2, "t", ())
