"""The gRPC door's edge, frame by frame."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from tests.raw_http import connect
from tollway.proxy.v1 import inference_pb2, inference_pb2_grpc

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes.fromhex("000000040000000000")


def frame(kind: int, flags: int, payload: bytes) -> bytes:
    """A frame of stream 1 (RFC 9113, section 4.1)."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + (1).to_bytes(4) + payload


def headers(**fields: bytes) -> bytes:
    """Literal fields without indexing (RFC 7541, section 6.2.2); those of HTTP/2's own have a colon."""
    own = {"method", "scheme", "path", "authority"}
    lines = [((":" if name in own else "") + name.replace("_", "-")).encode() for name in fields]
    pairs = zip(lines, fields.values(), strict=True)
    return b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in pairs)


def call(path: bytes, **more: bytes) -> bytes:
    """A whole unary call with an empty message."""
    fields = {"method": b"POST", "scheme": b"http", "path": path, "authority": b"x", "te": b"trailers"}
    return frame(1, 4, headers(**fields, content_type=b"application/grpc", **more)) + frame(0, 1, bytes(5))


async def list_models(gateway, key: str, **options) -> inference_pb2.ListModelsResponse:
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        metadata = (("x-api-key", key),)
        return await stub.ListModels(
            inference_pb2.ListModelsRequest(), metadata=metadata, wait_for_ready=True, timeout=10, **options
        )


async def test_a_path_that_is_no_text_does_not_end_the_listener(gateway, tenant):
    key = tenant.key()
    host, _, port = gateway.addresses["proxy_grpc"].rpartition(":")
    async with connect((host, int(port))) as wire:
        await wire.send(PREFACE + SETTINGS + call(b"/\xff"))
        await asyncio.wait_for(wire.reader.readuntil(b"CANCELLED"), 5)
    assert (await list_models(gateway, key)).models


async def test_what_is_compressed_is_not_unpacked(gateway, tenant):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await list_models(gateway, tenant.key(), compression=grpc.Compression.Gzip)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_metadata_that_cannot_be_read_is_not_logged(gateway, tenant):
    key = tenant.key()
    host, _, port = gateway.addresses["proxy_grpc"].rpartition(":")
    gateway.log.clear()
    async with connect((host, int(port))) as wire:
        path = b"/tollway.proxy.v1.InferenceService/ListModels"
        await wire.send(PREFACE + SETTINGS + call(path, x_api_key=key.encode() + b"\xa0"))
        await asyncio.wait_for(wire.reader.readuntil(b"grpc-status"), 5)
    gateway.logged("ListModels")
    log = "\n".join(gateway.log)
    assert "metadata that is not text" in log
    assert key not in log
