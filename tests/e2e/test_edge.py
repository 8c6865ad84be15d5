"""The edge of the proxy: no body is taken in before its caller is known, and no early end is silent or leaks."""

from __future__ import annotations

import json

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from tests.apis import listeners
from tests.wire.http1 import connect, request
from tollway.proxy.v1 import openai_pb2, openai_pb2_grpc

gateway = listeners.gateway

CHAT = "/v1/chat/completions"
SLOW = {"rules": [{"answer": {"tokens": 1000, "pace": 0.02}}]}


@pytest.fixture
async def wire(gateway):
    host, _, port = gateway.addresses["proxy_http"].rpartition(":")
    async with connect((host, int(port))) as connection:
        yield connection


async def test_no_body_is_waited_for_without_a_credential(gateway, wire):
    gateway.log.clear()
    await wire.send(request("POST", CHAT, "content-length: 30000000", "expect: 100-continue"))
    refused = await wire.response()
    assert refused.status == 401
    assert refused.headers["connection"] == "close"
    assert gateway.logged("CreateChatCompletion")["outcome"] == "CREDENTIAL_MISSING"


async def test_a_body_that_cannot_be_taken_is_logged_as_a_call(gateway, tenant, wire):
    gateway.log.clear()
    await wire.send(request("POST", CHAT, f"x-api-key: {tenant.key()}", "content-length: 99999999999"))
    assert (await wire.response()).status == 413
    line = gateway.logged("CreateChatCompletion")
    assert (line["outcome"], line["tenant"]) == ("BODY_TOO_LARGE", tenant.name)


async def test_two_credentials_in_one_header_are_none(gateway, tenant, wire):
    secret = f"authorization: Bearer {tenant.key()}"
    await wire.send(request("GET", "/v1/models", "authorization: Bearer tw_other", secret))
    assert (await wire.response()).status == 401
    await wire.send(request("GET", "/v1/models", secret))
    assert (await wire.response()).status == 200


@pytest.mark.parametrize(("path", "method"), [(CHAT, "CreateChatCompletion"), ("/v1/messages", "CreateMessage")])
async def test_a_stream_that_its_deadline_ends_says_so(gateway, tenant, provider, wire, path, method):
    provider.use(SLOW)
    body = {"model": "gpt", "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    headers = f"x-api-key: {tenant.key()}", "grpc-timeout: 400m", "content-type: application/json"
    gateway.log.clear()
    await wire.send(request("POST", path, *headers, body=json.dumps(body).encode()))
    *_, last = (await wire.response()).body.strip().split(b"\n\n")
    error = json.loads(last.partition(b"data: ")[2])["error"]
    assert "deadline" in error["message"].lower()
    assert gateway.logged(method)["outcome"] == "DEADLINE_EXCEEDED"


async def test_headers_that_grpc_refuses_leave_no_provider_waiting(gateway, tenant, provider):
    provider.use(SLOW)
    body = {"model": "claude", "stream": True, "é": 1, "messages": [{"role": "user", "content": "Hi"}]}
    request_ = openai_pb2.CreateChatCompletionRequest(
        body=HttpBody(content_type="application/json", data=json.dumps(body, ensure_ascii=False).encode())
    )
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        stub = openai_pb2_grpc.OpenAIServiceStub(channel)
        call = stub.CreateChatCompletion(request_, metadata=(("x-api-key", tenant.key()),))
        try:
            await call.read()
        except grpc.aio.AioRpcError as error:
            assert error.code() == grpc.StatusCode.INTERNAL  # noqa: PT017 - whether it is refused is not the point.
        call.cancel()
    received = await provider.next_request()
    await received.closed.wait()
