"""The gRPC door's edge, frame by frame."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2

from tests.apis import listeners
from tests.wire.http2 import DATA, END_STREAM, frame, half_close, head, http2, message
from tollway.proxy.v1 import inference_pb2, inference_pb2_grpc
from tollwayd.core.errors import Reason, TollwayError

gateway = listeners.gateway

INFERENCE = b"/tollway.proxy.v1.InferenceService"
LIST_MODELS, STREAM = INFERENCE + b"/ListModels", INFERENCE + b"/StreamGenerate"
CHECK, WATCH, LIST = (b"/grpc.health.v1.Health/" + name for name in (b"Check", b"Watch", b"List"))
REFLECT = [b"/grpc.reflection.%s.ServerReflection/ServerReflectionInfo" % version for version in (b"v1", b"v1alpha")]

UNARY = [LIST_MODELS, STREAM, CHECK, WATCH]
"""Methods that take one message, whatever they answer."""

NOT_FOUND, INVALID_ARGUMENT, UNIMPLEMENTED, UNAUTHENTICATED = 5, 3, 12, 16


def address(gateway) -> tuple[str, int]:
    host, _, port = gateway.addresses["proxy_grpc"].rpartition(":")
    return host, int(port)


@pytest.fixture
async def wire(gateway):
    async with http2(address(gateway)) as made:
        yield made


@pytest.fixture
def key(tenant):
    return {"x_api_key": tenant.key().encode()}


async def list_models(gateway, key: str, **options) -> inference_pb2.ListModelsResponse:
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        metadata = (("x-api-key", key),)
        return await stub.ListModels(
            inference_pb2.ListModelsRequest(), metadata=metadata, wait_for_ready=True, timeout=10, **options
        )


@pytest.mark.parametrize("path", UNARY)
async def test_a_call_without_its_message_is_answered(wire, key, path):
    await wire.send(head(path, 1, **key), half_close(1), head(path, 3, end=True, **key))
    for stream in 1, 3:
        answer = await wire.answer(stream)
        assert (answer.status, answer.text) == (UNIMPLEMENTED, "The call has no message, and this method takes one.")
        assert len(answer.blocks) == 1  # Trailers only.


@pytest.mark.parametrize("path", [LIST_MODELS, CHECK])
async def test_what_follows_the_message_is_not_looked_at(wire, key, path):
    await wire.send(head(path, **key), message(b""), message(b"\xff\xff"))
    assert (await wire.answer()).status == 0


async def test_a_message_may_end_before_its_stream(wire, key):
    await wire.send(head(LIST_MODELS, **key), message(b""), half_close())
    assert (await wire.answer()).status == 0


@pytest.mark.parametrize("cut", [bytes(3), bytes(4) + b"\x09ab"])
async def test_a_message_that_is_cut_is_answered(wire, key, cut):
    await wire.send(head(LIST_MODELS, **key), frame(DATA, END_STREAM, cut))
    assert (await wire.answer()).status == UNIMPLEMENTED


async def test_who_may_not_call_is_refused_before_a_message_is_waited_for(wire):
    await wire.send(head(LIST_MODELS))
    assert (await wire.answer()).status == UNAUTHENTICATED


@pytest.mark.parametrize("path", [STREAM, CHECK, WATCH, LIST, *REFLECT])
async def test_a_message_that_does_not_parse_is_told_in_our_words(gateway, wire, key, path):
    gateway.log.clear()
    await wire.send(head(path, **key), message(b"\xff\xff", end=True))
    answer = await wire.answer()
    assert answer.status == INVALID_ARGUMENT
    assert answer.text.startswith("The message is not a valid ")
    await wire.send(head(LIST_MODELS, 3, **key), message(b"", 3, end=True))
    assert (await wire.answer(3)).status == 0
    gateway.logged("ListModels")
    assert "Traceback" not in "\n".join(gateway.log)


async def test_health_knows_which_services_there_are(wire):
    unknown = health_pb2.HealthCheckRequest(service="no.Service").SerializeToString()
    await wire.send(head(CHECK), message(unknown, end=True), head(LIST, 3), message(b"", 3, end=True))
    assert (await wire.answer()).status == NOT_FOUND
    listed = health_pb2.HealthListResponse.FromString((await wire.answer(3)).data[5:])
    assert {"", "tollway.proxy.v1.InferenceService"} < set(listed.statuses)
    assert {each.status for each in listed.statuses.values()} == {health_pb2.HealthCheckResponse.SERVING}


@pytest.mark.parametrize("path", [INFERENCE + b"/None", b"/no.Service/Call", b"none"])
async def test_a_method_that_there_is_not_has_its_reason(gateway, path):
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary(path.decode())(b"")
    assert (refused.value.code(), reason_of(refused.value)) == (grpc.StatusCode.UNIMPLEMENTED, "METHOD_NOT_FOUND")


def reason_of(error: grpc.aio.AioRpcError) -> str:
    info = error_details_pb2.ErrorInfo()
    status = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert status_pb2.Status.FromString(status).details[0].Unpack(info)
    return info.reason


async def test_a_path_that_is_no_text_does_not_end_the_listener(gateway, tenant):
    key = tenant.key()
    gateway.log.clear()
    host, port = address(gateway)
    async with http2((host, port)) as wire:
        await wire.send(head(b"/\xff"), message(b"", end=True))
        answer = await wire.answer()
    if gateway.settings["proxy_grpc_listener"] == "grpcio":
        # grpc.aio closes its listener at such a call. Until it is opened again it may still take a connection, and
        # drop it.
        assert answer.text == "CANCELLED"
        gateway.event(f"The gRPC listener on port {port} has closed by itself; it is opened again.")
    else:
        assert (answer.status, answer.text) == (UNIMPLEMENTED, TollwayError(Reason.REASON_METHOD_NOT_FOUND).message)
    assert (await list_models(gateway, key)).models


async def test_what_is_compressed_is_not_unpacked(gateway, tenant):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await list_models(gateway, tenant.key(), compression=grpc.Compression.Gzip)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_metadata_that_cannot_be_read_is_not_logged(gateway, tenant):
    key = tenant.key()
    gateway.log.clear()
    async with http2(address(gateway)) as wire:
        await wire.send(head(LIST_MODELS, x_api_key=key.encode() + b"\xa0"), message(b"", end=True))
        answer = await wire.answer()
    gateway.line_of(answer.blocks[0]["x-request-id"].decode())
    log = "\n".join(gateway.log)
    assert "metadata that is not text" in log
    assert key not in log
