"""gRPC clients: typed inference, raw dialects, reflection, health and channelz."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.rpc import error_details_pb2, status_pb2
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.apis import listeners
from tests.running.gateway import ADMIN_KEY
from tollway.admin.v1 import api_keys_pb2, api_keys_pb2_grpc, tenants_pb2, tenants_pb2_grpc
from tollway.proxy.v1 import (
    anthropic_pb2,
    anthropic_pb2_grpc,
    conversation_pb2,
    inference_pb2,
    inference_pb2_grpc,
    openai_pb2,
    openai_pb2_grpc,
)
from tollwayd.doors import MAX_ADMIN_BODY_BYTES
from tollwayd.rpc.listeners.lean.counts import FIRST_ID
from tollwayd.rpc.options import FRAMING_BYTES

gateway = listeners.gateway

ROOT = (("authorization", f"Bearer {ADMIN_KEY}"),)


@pytest.fixture
async def channel(gateway):
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as made:
        yield made


@pytest.fixture
def key(tenant):
    return (("authorization", f"Bearer {tenant.key()}"),)


def hello(model: str) -> inference_pb2.GenerateRequest:
    part = conversation_pb2.Part(text=conversation_pb2.Text(text="Hello there!"))
    message = conversation_pb2.Message(role=conversation_pb2.ROLE_USER, parts=[part])
    return inference_pb2.GenerateRequest(model=model, messages=[message])


@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_generate(channel, key, model):
    answer = await inference_pb2_grpc.InferenceServiceStub(channel).Generate(hello(model), metadata=key)
    assert answer.parts[0].text.text == "Hello there!"
    assert answer.finish_reason == inference_pb2.FINISH_REASON_STOP
    assert answer.usage.output_tokens > 0


@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_stream_generate(channel, key, model):
    stream = inference_pb2_grpc.InferenceServiceStub(channel).StreamGenerate(hello(model), metadata=key)
    events = [event async for event in stream]
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds[0] == "started"
    assert "".join(event.part_delta.text for event in events) == "Hello there!"
    assert [event.finished.reason for event in events if event.HasField("finished")] == [
        inference_pb2.FINISH_REASON_STOP
    ]
    assert [event for event in events if event.HasField("usage")][-1].usage.output_tokens > 0


async def test_raw_dialects_over_grpc(channel, key):
    body = HttpBody(data=json.dumps({"model": "gpt", "messages": [{"role": "user", "content": "Hi"}]}).encode())
    stub = openai_pb2_grpc.OpenAIServiceStub(channel)
    (answer,) = [
        part
        async for part in stub.CreateChatCompletion(openai_pb2.CreateChatCompletionRequest(body=body), metadata=key)
    ]
    assert answer.content_type == "application/json"
    assert json.loads(answer.data)["choices"][0]["message"]["content"] == "Hi"
    body = HttpBody(data=b'{"model":"gpt","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"Hi"}]}')
    stub = anthropic_pb2_grpc.AnthropicServiceStub(channel)
    parts = [part async for part in stub.CreateMessage(anthropic_pb2.CreateMessageRequest(body=body), metadata=key)]
    assert parts[0].content_type == "text/event-stream"
    assert b"event: message_stop" in b"".join(part.data for part in parts)


async def test_names_that_a_caller_invents_are_no_defect(channel, key):
    body = {"model": "claude", "messages": [{"role": "user", "content": "Hi"}], "é\r\n": 1, "seed": 7}
    request = openai_pb2.CreateChatCompletionRequest(body=HttpBody(data=json.dumps(body).encode()))
    call = openai_pb2_grpc.OpenAIServiceStub(channel).CreateChatCompletion(request, metadata=key)
    assert [part async for part in call]
    assert ("x-tollway-dropped", "seed,...") in tuple(await call.initial_metadata())


async def test_list_models(channel, key):
    listed = await inference_pb2_grpc.InferenceServiceStub(channel).ListModels(
        inference_pb2.ListModelsRequest(), metadata=key
    )
    assert [model.model for model in listed.models] == ["claude", "gpt"]


def details(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    (raw,) = [value for name, value in error.trailing_metadata() if name == "grpc-status-details-bin"]
    return status_pb2.Status.FromString(raw)


async def test_an_error_carries_its_reason_and_in_a_raw_dialect_its_body(channel, key):
    stub = openai_pb2_grpc.OpenAIServiceStub(channel)
    request = openai_pb2.CreateChatCompletionRequest(body=HttpBody(data=b'{"model":"none","messages":[]}'))
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await stub.CreateChatCompletion(request, metadata=key).read()
    assert error.value.code() == grpc.StatusCode.NOT_FOUND
    info, body = error_details_pb2.ErrorInfo(), HttpBody()
    first, *_, last = details(error.value).details
    assert first.Unpack(info)
    assert (info.reason, info.domain) == ("MODEL_NOT_FOUND", "tollway.dev")
    assert last.Unpack(body)
    assert json.loads(body.data)["error"]["code"] == "model_not_found"


@pytest.fixture
def lengthy(provider):
    """A provider that rejects every request at length, in characters of three bytes each."""
    error = {
        "message": "请求的内容不符合要求" * 60,
        "type": "invalid_request_error",
        "param": "字段" * 200,
        "code": "bad",
    }
    provider.use({"rules": [{"answer": {"status": 400, "body": {"error": error}}}]})


@pytest.mark.usefixtures("lengthy")
@pytest.mark.parametrize("typed", [False, True])
async def test_a_long_error_fits_into_what_clients_take(channel, key, typed):
    body = HttpBody(data=b'{"model":"gpt","messages":[{"role":"user","content":"Hi"}]}')
    raw = openai_pb2.CreateChatCompletionRequest(body=body)

    async def ask():
        if typed:
            return await inference_pb2_grpc.InferenceServiceStub(channel).Generate(hello("gpt"), metadata=key)
        return await openai_pb2_grpc.OpenAIServiceStub(channel).CreateChatCompletion(raw, metadata=key).read()

    for _ in range(5):  # Beyond 8 KiB clients lose errors by chance.
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await ask()
        assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT, error.value.details()
        assert "请求的内容不符合要求" in details(error.value).message


async def test_field_violations_are_named(channel, key):
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await inference_pb2_grpc.InferenceServiceStub(channel).Generate(
            inference_pb2.GenerateRequest(model="gpt"), metadata=key
        )
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    bad = error_details_pb2.BadRequest()
    assert any(detail.Unpack(bad) for detail in details(error.value).details)
    assert [violation.field for violation in bad.field_violations] == ["messages"]


async def test_no_credential_and_a_programs_key_on_the_admin_port(gateway, key):
    async with grpc.aio.insecure_channel(gateway.addresses["admin_grpc"]) as channel:
        stub = tenants_pb2_grpc.TenantServiceStub(channel)
        for metadata, code in (
            ((), grpc.StatusCode.UNAUTHENTICATED),
            (key, grpc.StatusCode.PERMISSION_DENIED),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await stub.ListTenants(tenants_pb2.ListTenantsRequest(), metadata=metadata)
            assert error.value.code() == code


async def test_a_message_that_does_not_parse_is_the_callers_error(gateway):
    async with grpc.aio.insecure_channel(gateway.addresses["admin_grpc"]) as channel:
        call = channel.unary_unary("/tollway.admin.v1.TenantService/GetTenant")
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await call(b"\xff\xff", metadata=ROOT)
        assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_an_admin_message_has_one_mebibyte_at_most(gateway):
    limit = MAX_ADMIN_BODY_BYTES + FRAMING_BYTES
    async with grpc.aio.insecure_channel(gateway.addresses["admin_grpc"]) as channel:
        stub = tenants_pb2_grpc.TenantServiceStub(channel)
        for size, code in (
            (limit, grpc.StatusCode.INVALID_ARGUMENT),  # The filter's own limit speaks: the message was read.
            (limit + 1, grpc.StatusCode.RESOURCE_EXHAUSTED),
        ):
            request = tenants_pb2.ListTenantsRequest(filter="x" * (size - 4))
            assert request.ByteSize() == size
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await stub.ListTenants(request, metadata=ROOT)
            assert error.value.code() == code


async def test_health_asks_for_no_credential(gateway):
    async with grpc.aio.insecure_channel(gateway.addresses["admin_grpc"]) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", "tollway.admin.v1.TenantService"):
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_channelz_asks_for_the_root_credential(gateway, key):
    async with grpc.aio.insecure_channel(gateway.addresses["admin_grpc"]) as channel:
        stub = channelz_pb2_grpc.ChannelzStub(channel)
        for name in [method.name for method in channelz_pb2.DESCRIPTOR.services_by_name["Channelz"].methods]:
            request = getattr(channelz_pb2, f"{name}Request")()
            for metadata, code in (
                ((), grpc.StatusCode.UNAUTHENTICATED),
                (key, grpc.StatusCode.PERMISSION_DENIED),
            ):
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await getattr(stub, name)(request, metadata=metadata)
                assert error.value.code() == code, name


async def test_channelz_shows_servers_and_their_peers(gateway):
    async with grpc.aio.insecure_channel(gateway.addresses["admin_grpc"]) as channel:
        stub = channelz_pb2_grpc.ChannelzStub(channel)
        servers = (await stub.GetServers(channelz_pb2.GetServersRequest(), metadata=ROOT)).server
        assert len(servers) == 2
        lean = gateway.settings["admin_grpc_listener"] == "lean"
        assert [server.ref.server_id >= FIRST_ID for server in servers] == [lean] * 2
        assert sum(server.data.calls_started for server in servers) > 0
        requests = [channelz_pb2.GetServerSocketsRequest(server_id=server.ref.server_id) for server in servers]
        found = [(await stub.GetServerSockets(request, metadata=ROOT)).socket_ref for request in requests]
        refs = [ref for each in found for ref in each]
        sockets = [
            (await stub.GetSocket(channelz_pb2.GetSocketRequest(socket_id=ref.socket_id), metadata=ROOT)).socket
            for ref in refs
        ]
        assert {socket.remote.tcpip_address.ip_address for socket in sockets} == {bytes((127, 0, 0, 1))}
        assert sum(socket.data.streams_started for socket in sockets) > 0
        assert (
            await stub.GetServer(channelz_pb2.GetServerRequest(server_id=servers[0].ref.server_id), metadata=ROOT)
        ).server
        first = channelz_pb2.GetServersRequest(max_results=1)
        page = await stub.GetServers(first, metadata=ROOT)
        assert ([each.ref for each in page.server], page.end) == ([servers[0].ref], False)
        assert (await stub.GetTopChannels(channelz_pb2.GetTopChannelsRequest(), metadata=ROOT)).end
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await stub.GetSocket(channelz_pb2.GetSocketRequest(socket_id=10**9), metadata=ROOT)
        assert error.value.code() == grpc.StatusCode.NOT_FOUND


async def test_reflection_asks_for_no_credential(gateway):
    listed = await grpcurl(gateway.addresses["admin_grpc"], "list")
    assert "tollway.admin.v1.TenantService" in listed


async def test_keys_made_over_grpc_work_over_rest_at_once(gateway, tenant):
    async with grpc.aio.insecure_channel(gateway.addresses["admin_grpc"]) as channel:
        made = await api_keys_pb2_grpc.ApiKeyServiceStub(channel).CreateApiKey(
            api_keys_pb2.CreateApiKeyRequest(
                parent=tenant.name, api_key_id="both-doors", api_key=api_keys_pb2.ApiKey()
            ),
            metadata=ROOT,
        )
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        await inference_pb2_grpc.InferenceServiceStub(channel).ListModels(
            inference_pb2.ListModelsRequest(), metadata=(("x-api-key", made.secret),)
        )


async def grpcurl(*arguments: str) -> str:
    binary = shutil.which("grpcurl", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")
    assert binary is not None, "grpcurl comes with the development requirements"
    process = await asyncio.create_subprocess_exec(
        binary, "-plaintext", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_grpcurl_finds_everything_by_reflection(gateway, tenant):
    address = gateway.addresses["proxy_grpc"]
    assert "tollway.proxy.v1.InferenceService" in await grpcurl(address, "list")
    described = await grpcurl(address, "describe", "tollway.proxy.v1.InferenceService.Generate")
    assert "GenerateRequest" in described
    request = '{"model":"claude","messages":[{"role":"ROLE_USER","parts":[{"text":{"text":"Hello!"}}]}]}'
    answer = await grpcurl(
        "-H", f"authorization: Bearer {tenant.key()}", "-d", request, address,
        "tollway.proxy.v1.InferenceService/Generate",
    )  # fmt: skip
    assert json.loads(answer)["parts"][0]["text"]["text"] == "Hello!"
