"""What callers get, put together by the SDK that they use."""

from __future__ import annotations

import httpx2
import openai
import pytest

from tests.unit.dialects.openai_recordings import last_usage, read, streams, write

ASK = {"model": "fast", "messages": [{"role": "user", "content": "Hi"}], "stream_options": {"include_usage": True}}


def final_completion(body):
    def answer(_request):
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    sdk = openai.OpenAI(api_key="k", base_url="http://gateway", http_client=http)
    with sdk, sdk.chat.completions.stream(**ASK) as stream:
        try:
            return stream.get_final_completion()
        except openai.LengthFinishReasonError as error:
            return error.completion


@pytest.mark.parametrize("stream", streams())
def test_the_streaming_helper_puts_the_answer_together(stream):
    events = read(stream)
    completion = final_completion(write(events))
    kinds = {event.part_started.index: event.part_started.part for event in events if event.HasField("part_started")}
    said = {"text": "", "refusal": "", "arguments": ""}
    for event in events:
        if event.HasField("part_delta"):
            kind = kinds[event.part_delta.index].WhichOneof("kind")
            said["refusal" if kind == "refusal" else "text"] += event.part_delta.text
            said["arguments"] += event.part_delta.arguments
    message = completion.choices[0].message
    calls = message.tool_calls or []
    assert (message.content or "", message.refusal or "") == (said["text"], said["refusal"])
    assert "".join(call.function.arguments for call in calls) == said["arguments"]
    assert [call.id for call in calls] == [part.tool_call.id for part in kinds.values() if part.HasField("tool_call")]
    if (usage := last_usage(events)) is not None:
        assert completion.usage.completion_tokens == usage.output_tokens + usage.reasoning_tokens
        assert completion.usage.prompt_tokens_details.cached_tokens == usage.cache_read_tokens
