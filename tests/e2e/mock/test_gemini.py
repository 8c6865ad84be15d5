"""Gemini's dialect, over plain HTTP."""

from __future__ import annotations

import json

import pytest

from tests.e2e.mock.calls import HELLO, events, gemini
from tests.wire.http1 import get


async def answered(wire, sent):
    await wire.send(sent)
    return await wire.response()


async def test_the_echo_of_a_call_without_a_script(wire):
    answer = json.loads((await answered(wire, gemini("generateContent", model="gemini-pro"))).body)
    assert answer["candidates"][0]["content"] == {"parts": [{"text": HELLO}], "role": "model"}
    assert answer["candidates"][0]["finishReason"] == "STOP"
    assert answer["modelVersion"] == "gemini-pro"
    assert answer["usageMetadata"] == {"promptTokenCount": 3, "candidatesTokenCount": 3, "totalTokenCount": 6}


async def test_an_echo_keeps_to_the_callers_limit(wire):
    sent = gemini("generateContent", generationConfig={"maxOutputTokens": 1})
    candidate = json.loads((await answered(wire, sent)).body)["candidates"][0]
    assert candidate["content"]["parts"] == [{"text": "Hell"}]
    assert candidate["finishReason"] == "MAX_TOKENS"


async def test_a_stream_is_server_sent_events_or_one_json_array(wire):
    sse = await answered(wire, gemini("streamGenerateContent", query="?alt=sse"))
    array = await answered(wire, gemini("streamGenerateContent"))
    assert sse.headers["content-type"] == "text/event-stream"
    assert array.headers["content-type"].startswith("application/json")
    assert len(array.chunks) == 4, "an array comes piece by piece too"
    for chunks in (events(sse.body), json.loads(array.body)):
        assert [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks] == ["Hell", "o th", "ere!"]
        assert [chunk["usageMetadata"]["candidatesTokenCount"] for chunk in chunks] == [1, 2, 3]
        assert [chunk["candidates"][0].get("finishReason") for chunk in chunks] == [None, None, "STOP"]


async def test_thoughts_are_no_candidates_tokens(provider, wire):
    provider.use({"rules": [{"answer": {"usage": {"input": 10, "output": 50, "reasoning": 40, "cached": 4}}}]})
    usage = json.loads((await answered(wire, gemini("generateContent"))).body)["usageMetadata"]
    assert usage == {
        "promptTokenCount": 10,
        "candidatesTokenCount": 10,
        "totalTokenCount": 60,
        "cachedContentTokenCount": 4,
        "thoughtsTokenCount": 40,
    }


@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent"])
async def test_a_function_is_called_whole(provider, wire, verb):
    provider.use({"rules": [{"answer": {"tool_calls": [{"name": "weather", "arguments": {"city": "Rome"}}]}}]})
    body = (await answered(wire, gemini(verb, query="?alt=sse"))).body
    answer = json.loads(body.removeprefix(b"data: "))
    call = {"functionCall": {"name": "weather", "args": {"city": "Rome"}}}
    assert answer["candidates"][0]["content"]["parts"] == [call]


async def test_the_result_of_a_function_is_a_prompt_like_any_other(wire):
    result = {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"result": "sunny"}}}]}
    answer = json.loads((await answered(wire, gemini("generateContent", contents=[result]))).body)
    assert answer["candidates"][0]["content"]["parts"] == [{"text": "sunny"}]


async def test_an_error_tells_in_its_details_how_long_to_wait(provider, wire):
    provider.use({"rules": [{"answer": {"status": 429, "error": "Slow down.", "headers": {"retry-after": 7}}}]})
    answer = await answered(wire, gemini("generateContent"))
    assert answer.status == 429
    error = json.loads(answer.body)["error"]
    assert (error["code"], error["status"], error["message"]) == (429, "RESOURCE_EXHAUSTED", "Slow down.")
    assert error["details"][0]["retryDelay"] == "7s"


@pytest.mark.parametrize(("query", "status"), [("", 403), ("?key=wrong", 400), ("?key=right", 200)])
async def test_a_key_in_the_query(provider, wire, query, status):
    provider.use({"require_key": "right"})
    assert (await answered(wire, gemini("generateContent", query=query))).status == status


async def test_a_count_of_tokens(wire):
    plain = await answered(wire, gemini("countTokens"))
    wrapped = {"contents": [{"parts": [{"text": HELLO}]}], "systemInstruction": {"parts": [{"text": "Be brief."}]}}
    whole = await answered(wire, gemini("countTokens", contents=None, generateContentRequest=wrapped))
    assert (json.loads(plain.body), json.loads(whole.body)) == ({"totalTokens": 3}, {"totalTokens": 6})


async def test_a_request_without_contents_is_refused_by_name(wire):
    refused = await answered(wire, gemini("generateContent", contents=[]))
    assert refused.status == 400
    assert "contents" in json.loads(refused.body)["error"]["message"]


async def test_the_list_of_models(provider, wire):
    provider.use({"models": ["one"]})
    listing = json.loads((await answered(wire, get("/v1beta/models"))).body)
    assert [model["name"] for model in listing["models"]] == ["models/one"]
