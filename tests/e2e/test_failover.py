"""Which target answers where the first one does not, and which error the caller is told where none does."""

from __future__ import annotations

import asyncio
import json
from urllib.request import Request, urlopen

import pytest

from tests.running.gateway import send
from tollwayd.core.sse import parse, split
from tollwayd.mock import MockProvider

HELLO = [{"role": "user", "content": "Hello there!"}]
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
ERRORS = {
    "openai": b'data: {"error":{"message":"no machine is free","code":"server_is_overloaded"}}\n\n',
    "anthropic": b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"x"}}\n\n',
}
CREDENTIAL = "my.own.credential"
"""A key of a form that no pattern knows."""

COMMENT = b": PROCESSING\n\n"


@pytest.fixture
async def second():
    """Another scripted provider, which echoes unless the test gives it a script."""
    async with MockProvider() as running:
        yield running


@pytest.fixture
async def pair(gateway, provider, second):
    """A tenant's key after making its model `pair`: the kind of the first target, then that of the second."""

    async def make(first_kind: str, second_kind: str) -> str:
        tenant = await asyncio.to_thread(gateway.admin().tenant)
        tenant.provider(first_kind, provider.url, provider_id="first")
        tenant.provider(second_kind, second.url, provider_id="second")
        targets = [{"provider": "first", "model": "one", "priority": 0}]
        tenant.model("pair", *targets, {"provider": "second", "model": "two", "priority": 1})
        return tenant.key()

    return make


def begun(body: bytes, **fault) -> dict:
    """A script: a stream that sends these bytes."""
    answer = {"body": body.decode(), "headers": {"content-type": "text/event-stream"}, **fault}
    return {"rules": [{"answer": answer}]}


async def ask(gateway, key: str, caller: str = "openai", headers=(), **fields) -> tuple[int, bytes]:
    """The status and body of an answer by the pair."""
    body = json.dumps({"model": "pair", "messages": HELLO, "max_tokens": 64, **fields}).encode()
    all_headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **dict(headers)}
    request = Request(gateway.url("proxy_http") + PATHS[caller], body, all_headers)
    return await asyncio.to_thread(send, request)


@pytest.mark.parametrize("caller", PATHS)
@pytest.mark.parametrize("kind", ERRORS)
async def test_an_error_as_the_first_event_moves_on_to_the_next_target(gateway, pair, provider, second, caller, kind):
    provider.use(begun(COMMENT + ERRORS[kind]))
    status, answer = await ask(gateway, await pair(kind, kind), caller, stream=True)
    assert status == 200
    assert b"Hell" in answer
    assert b"error" not in answer
    assert len(second.requests) == 1


async def test_an_error_as_the_first_event_is_an_error_answer_where_no_target_does_better(
    gateway, pair, provider, second
):
    provider.use(begun(ERRORS["openai"]))
    second.use(begun(ERRORS["openai"]))
    status, answer = await ask(gateway, await pair("openai", "openai"), stream=True)
    assert status == 503
    assert json.loads(answer)["error"]["code"]


async def test_comments_alone_do_not_begin_an_answer(gateway, pair, provider):
    provider.use(begun(COMMENT, fault={"kind": "close", "after_bytes": len(COMMENT)}))
    status, answer = await ask(gateway, await pair("openai", "openai"), stream=True)
    assert status == 200
    assert json.loads(parse(next(split(answer))).data)["model"] == "two"


async def test_an_answer_behind_comments_is_one(gateway, pair, provider, second):
    chunk = b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n'
    provider.use(begun(COMMENT + COMMENT + chunk, split=len(COMMENT), pace=0.02))
    status, answer = await ask(gateway, await pair("openai", "openai"), stream=True)
    assert (status, answer[answer.index(b"data") :]) == (200, chunk)
    assert not second.requests


async def test_a_target_that_cannot_be_asked_hides_no_limit_of_another(gateway, pair, provider):
    provider.use({"rules": [{"answer": {"status": 429, "headers": {"retry-after": "7"}, "error": "Slow down."}}]})
    status, answer = await ask(gateway, await pair("openai", "anthropic"), n=2)
    assert (status, json.loads(answer)["error"]["type"]) == (429, "rate_limit_error"), answer


async def test_what_was_noted_of_one_target_says_nothing_of_the_next(gateway, pair, provider):
    provider.use({"rules": [{"answer": {"status": 529}}]})
    key = await pair("anthropic", "openai")
    answer = await asyncio.to_thread(_head, gateway, key, {"seed": 7, "logit_bias": {"1": 1}})
    assert (answer.status, answer.headers["x-tollway-dropped"]) == (200, None)


def _head(gateway, key: str, fields: dict):
    body = json.dumps({"model": "pair", "messages": HELLO, "max_tokens": 64, **fields}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with urlopen(Request(gateway.url("proxy_http") + PATHS["openai"], body, headers), timeout=30) as answer:
        return answer


async def test_a_header_that_cannot_be_written_is_the_callers_fault(gateway, pair, provider, second):
    # The gateway takes it for UTF-8, and HTTP has no way to write the character.
    unwritable = {"openai-beta": "\u20ac".encode().decode("latin-1")}
    status, answer = await ask(gateway, await pair("openai", "anthropic"), headers=unwritable)
    assert status == 400, answer
    assert not provider.requests
    assert not second.requests


async def test_a_header_that_goes_nowhere_harms_nobody(gateway, pair):
    unwritable = {"openai-beta": "\u20ac".encode().decode("latin-1")}
    status, answer = await ask(gateway, await pair("anthropic", "anthropic"), headers=unwritable)
    assert status == 200, answer


async def test_a_provider_that_quotes_the_gateways_credential_is_not_quoted(gateway, provider):
    provider.use({"rules": [{"answer": {"status": 400, "error": {"message": f"Your key is {CREDENTIAL}."}}}]})
    tenant = await asyncio.to_thread(gateway.admin().tenant)
    made = {"dialect": "openai.chat", "baseUrl": provider.url, "credential": {"apiKey": CREDENTIAL}}
    tenant.admin("POST", f"/v1/{tenant.name}/providers?provider_id=first", made)
    tenant.model("gpt", {"provider": "first", "model": "one"})
    body = json.dumps({"model": "gpt", "messages": HELLO}).encode()
    headers = {"Authorization": f"Bearer {tenant.key()}", "Content-Type": "application/json"}
    status, answer = await asyncio.to_thread(
        send, Request(gateway.url("proxy_http") + PATHS["openai"], body, headers, method="POST")
    )
    assert (status, b"***" in answer, CREDENTIAL.encode() in answer) == (400, True, False)
