"""Which rule answers, in what turn, and with what."""

from __future__ import annotations

import json

import pytest

from tests.e2e.mock.calls import HELLO, chat, events, gemini
from tests.wire.http1 import get, request


async def said(wire, sent: bytes) -> str:
    await wire.send(sent)
    return json.loads((await wire.response()).body)["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    ("match", "matches"),
    [
        ({}, True),
        ({"model": "gpt-4*"}, True),
        ({"model": "gpt-4"}, False),
        ({"dialect": "openai.chat"}, True),
        ({"dialect": "gemini"}, False),
        ({"stream": False}, True),
        ({"stream": True}, False),
        ({"prompt": "weather"}, True),
        ({"prompt": "Weather"}, False),
        ({"headers": {"X-Team": "blue"}}, True),
        ({"headers": {"X-Team": "red"}}, False),
        ({"headers": {"X-Other": "red"}}, False),
        ({"operation": "list_models"}, False),
        ({"model": "gpt-4*", "prompt": "nowhere"}, False),
    ],
)
async def test_a_rule_is_for_calls_that_meet_every_condition(provider, wire, match, matches):
    provider.use({"rules": [{"match": match, "answer": {"headers": {"x-matched": "yes"}}}]})
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "The weather?"}]}
    await wire.send(request("POST", "/v1/chat/completions", "X-Team: dark blue", body=json.dumps(body).encode()))
    assert ("x-matched" in (await wire.response()).headers) == matches


async def test_a_prompt_is_the_last_message_so_a_tools_result_ends_the_loop(provider, wire):
    provider.use({"rules": [{"match": {"prompt": "weather"}, "answer": {"tool_calls": [{"name": "weather"}]}}]})
    question = {"role": "user", "content": "The weather?"}
    result = {"role": "tool", "tool_call_id": "x", "content": "sunny"}
    assert await said(wire, chat(messages=[question])) is None
    assert await said(wire, chat(messages=[question, result])) == "sunny"


async def test_a_rule_steps_aside_after_its_times(provider, wire):
    provider.use({"rules": [{"times": 2, "answer": {"text": "first"}}, {"answer": {"text": "second"}}]})
    assert [await said(wire, chat()) for _ in range(4)] == ["first", "first", "second", "second"]
    assert [received.rule for received in provider.requests] == ["#1", "#1", "#2", "#2"]


async def test_a_cycle_gives_its_answers_in_turn(provider, wire):
    provider.use({"rules": [{"times": 5, "cycle": [{"text": "a"}, {"text": "b"}]}]})
    assert [await said(wire, chat()) for _ in range(6)] == ["a", "b", "a", "b", "a", HELLO]


async def test_a_models_name_chooses_a_rule_in_every_dialect(provider, wire):
    rule = {"name": "slow", "match": {"model": "nothing"}, "answer": {"text": "chosen"}}
    provider.use({"rules": [{"answer": {"text": "first"}}, rule]})
    assert await said(wire, chat("mock-rule:slow")) == "chosen"
    await wire.send(gemini("streamGenerateContent", model="mock-rule:slow", query="?alt=sse"))
    assert b"chos" in (await wire.response()).body
    assert [received.rule for received in provider.requests] == ["slow", "slow"]
    await wire.send(chat("mock-rule:fast"))
    refused = await wire.response()
    assert refused.status == 404
    assert b"fast" in refused.body


async def test_a_rule_that_is_chosen_steps_aside_too(provider, wire):
    provider.use({"rules": [{"name": "once", "times": 1, "answer": {"text": "chosen"}}]})
    assert [await said(wire, chat("mock-rule:once")) for _ in range(2)] == ["chosen", HELLO]


async def test_a_new_script_begins_anew(provider, wire):
    script = {"rules": [{"times": 1, "answer": {"text": "once"}}]}
    provider.use(script)
    assert [await said(wire, chat()) for _ in range(2)] == ["once", HELLO]
    provider.use(script)
    assert await said(wire, chat()) == "once"


async def test_a_text_of_so_many_tokens(provider, wire):
    provider.use({"rules": [{"answer": {"tokens": 250}}]})
    await wire.send(chat(stream=True, stream_options={"include_usage": True}))
    *chunks, usage = events((await wire.response()).body)
    deltas = [chunk["choices"][0]["delta"].get("content") for chunk in chunks]
    assert len([delta for delta in deltas if delta]) == 250
    assert usage["usage"]["completion_tokens"] == 250


async def test_a_finish_of_the_scripts_choice(provider, wire):
    provider.use({"rules": [{"answer": {"finish": "content_filter"}}]})
    await wire.send(gemini("generateContent"))
    assert json.loads((await wire.response()).body)["candidates"][0]["finishReason"] == "SAFETY"


@pytest.mark.parametrize(("usage", "shown"), [("omit", False), (None, True)])
async def test_usage_absent_and_usage_null(provider, wire, usage, shown):
    provider.use({"rules": [{"answer": {"usage": usage}}]})
    for sent, name in ((chat(), "usage"), (gemini("generateContent"), "usageMetadata")):
        await wire.send(sent)
        answer = json.loads((await wire.response()).body)
        assert (name in answer) == shown
        assert answer.get(name) is None


async def test_usage_may_lie(provider, wire):
    provider.use({"rules": [{"answer": {"usage": {"input": -5, "output": 10**12}}}]})
    await wire.send(chat())
    usage = json.loads((await wire.response()).body)["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (-5, 10**12)


async def test_a_body_of_the_scripts_own_with_status_and_headers(provider, wire):
    html = {"body": "<html>Bad gateway</html>", "status": 502, "headers": {"Content-Type": "text/html", "x-a": 1}}
    provider.use({"rules": [{"times": 1, "answer": html}, {"answer": {"body": {"error": "odd"}}}]})
    await wire.send(chat())
    page = await wire.response()
    assert (page.status, page.headers["content-type"], page.headers["x-a"]) == (502, "text/html", "1")
    assert page.body == b"<html>Bad gateway</html>"
    await wire.send(chat())
    assert json.loads((await wire.response()).body) == {"error": "odd"}


async def test_a_listing_of_models_fails_where_a_health_check_shall_see_it(provider, wire):
    provider.use({"rules": [{"match": {"operation": "list_models"}, "times": 1, "answer": {"status": 503}}]})
    for expected in (503, 200):
        await wire.send(get("/v1/models"))
        assert (await wire.response()).status == expected


@pytest.mark.parametrize(("sent", "status"), [(get("/v1/nothing"), 404), (get("/v1/chat/completions"), 405)])
async def test_an_endpoint_that_there_is_not(wire, sent, status):
    await wire.send(sent)
    refused = await wire.response()
    assert refused.status == status
    assert json.loads(refused.body)["error"]["message"]


async def test_answers_are_the_same_at_every_run(provider, wire):
    await wire.send(chat())
    answer = json.loads((await wire.response()).body)
    assert (answer["id"], answer["created"]) == ("chatcmpl-mock00000001", 1767225600)
