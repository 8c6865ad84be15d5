"""A gRPC door before services of its own: metadata, callers who leave, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import asynccontextmanager

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.apis import listeners
from tests.apis.kinds import MAX_BODY_BYTES, Echo, Kinds, registry
from tests.wire.http2 import CANCEL, INITIAL_WINDOW_SIZE, RESET, WINDOW_UPDATE, frame, head, http2, message, setting
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.door import GrpcDoor
from tollwayd.rpc.parsing import MAX_FIELDS

each_grpc_listener = listeners.each_grpc_listener

SERVICE = "/transcoding.kinds.v1.KindService"
SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3


class Scripted(Echo):
    """Ask and Watch do what the test says."""

    def __init__(self, ask):
        super().__init__()
        self.Ask = self.Watch = ask


@asynccontextmanager
async def opened(ask):
    door = GrpcDoor(registry(Scripted(ask)), max_body_bytes=4 * MAX_FIELDS, listener=listeners.grpc_listener())
    address = await door.start("127.0.0.1", 0)
    try:
        yield door, address
    finally:
        await door.stop(0)


@asynccontextmanager
async def dialled(ask):
    async with opened(ask) as (door, address), grpc.aio.insecure_channel("{}:{}".format(*address)) as channel:
        yield door, channel


def calls(channel):
    """A unary call and a streamed one, under way."""
    return channel.unary_unary(f"{SERVICE}/Ask")(b""), channel.unary_stream(f"{SERVICE}/Watch")(b"")


def logged(caplog):
    """What was logged, but for what grpc.aio's client has left over from an earlier test's loop."""
    return [record for record in caplog.records if "PollerCompletionQueue" not in record.getMessage()]


async def drained(call):
    while await (call.read() if hasattr(call, "read") else call) is not grpc.aio.EOF:
        pass


async def outcome(call):
    """The code, the reason, and the metadata of a call that fails."""
    with pytest.raises(grpc.aio.AioRpcError):
        await drained(call)
    status = status_pb2.Status.FromString(dict(await call.trailing_metadata())["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return await call.code(), info.reason, dict(await call.initial_metadata())


@pytest.mark.parametrize("method", ["Ask", "Watch"])
async def test_metadata_reaches_the_caller_of_a_failed_call(method):
    async def ask(_, call):
        call.response_metadata.update({"x-a": "b", "x-raw-bin": "AAH/"})
        raise TollwayError(Reason.REASON_MODEL_NOT_FOUND)

    # By hand: grpc.aio's clients can lose the metadata of a call without a message.
    async with opened(ask) as (_, address), http2(address) as wire:
        await wire.send(head(f"{SERVICE}/{method}".encode()), message(b"", end=True))
        answer = await wire.answer()
    metadata, trailers = answer.blocks
    assert metadata["x-a"] == b"b"
    assert metadata["x-raw-bin"] in {b"AAH/", b"\x86\x1c\x6c\x7f"}  # grpcio writes it in Huffman's code.
    assert metadata["x-request-id"] == trailers["x-request-id"]
    assert answer.status == grpc.StatusCode.NOT_FOUND.value[0]


class Large:
    """What a call holds, and whose end can be seen."""


@pytest.mark.parametrize("reason", [Reason.REASON_MODEL_NOT_FOUND, None])
async def test_a_failed_call_keeps_nothing(reason):
    held = []

    async def ask(*_):
        large = Large()
        held.append(gone := asyncio.Event())
        weakref.finalize(large, gone.set)
        raise TollwayError(reason) if reason else KeyError

    gc.disable()
    try:
        async with dialled(ask) as (_, channel):
            for call in calls(channel):
                await outcome(call)
            async with asyncio.timeout(5):
                for gone in held:
                    await gone.wait()
    finally:
        gc.enable()


@pytest.mark.parametrize("by", ["deadline", "shutdown"])
async def test_a_call_that_is_cut_keeps_nothing(by):
    held, begun = [], asyncio.Semaphore(0)

    async def ask(*_):
        large = Large()
        held.append(gone := asyncio.Event())
        weakref.finalize(large, gone.set)
        begun.release()
        await asyncio.Event().wait()

    timeout = {"grpc_timeout": b"50m"} if by == "deadline" else {}
    gc.disable()
    try:
        async with opened(ask) as (door, address), http2(address) as wire:
            for stream, name in (1, b"Ask"), (3, b"Watch"):
                path = f"{SERVICE}/".encode() + name
                await wire.send(head(path, stream, **timeout), message(b"", stream, end=True))
                await asyncio.wait_for(begun.acquire(), 10)
            if by == "shutdown":
                await door.stop(0)
            async with asyncio.timeout(5):
                for gone in held:
                    await gone.wait()
    finally:
        gc.enable()


async def test_a_defect_sends_no_metadata():
    async def ask(_, call):
        call.response_metadata["x-a"] = "b"
        raise ValueError("secret")

    async with dialled(ask) as (_, channel):
        for call in calls(channel):
            assert await outcome(call) == (grpc.StatusCode.INTERNAL, "INTERNAL", {})
            assert "secret" not in await call.details()


async def test_a_stream_that_fails_before_its_first_message_has_trailers_only():
    async def ask(_, call):
        return events(call)

    async def events(_):
        raise TollwayError(Reason.REASON_MODEL_NOT_FOUND)
        yield

    async with opened(ask) as (_, address), http2(address) as wire:
        await wire.send(head(f"{SERVICE}/Watch".encode()), message(b"", end=True))
        assert len((await wire.answer()).blocks) == 1


async def test_metadata_that_is_set_until_the_first_message_goes_out_with_it():
    more = asyncio.Event()

    async def ask(_, call):
        return events(call)

    async def events(call):
        call.response_metadata["x-a"] = "b"
        yield Kinds()
        await more.wait()

    async with dialled(ask) as (_, channel):
        stream = channel.unary_stream(f"{SERVICE}/Watch")(b"")
        assert await stream.read() == b""
        assert dict(await stream.initial_metadata())["x-a"] == "b"
        more.set()
        assert await stream.read() is grpc.aio.EOF


async def test_a_stream_without_messages_has_its_metadata():
    async def ask(_, call):
        call.response_metadata["x-a"] = "b"
        return events()

    async def events():
        return
        yield

    async with opened(ask) as (_, address), http2(address) as wire:
        await wire.send(head(f"{SERVICE}/Watch".encode()), message(b"", end=True))
        answer = await wire.answer()
    assert (answer.blocks[0]["x-a"], answer.data, answer.status) == (b"b", b"", 0)


@pytest.mark.parametrize("place", ["response_metadata", "trailers"])
@pytest.mark.parametrize("pair", [("x-a", "é"), ("x-a", "b\r\nc"), ("X-A", "b"), ("x a", "b"), ("x-bin", "?")])
@pytest.mark.parametrize("fails", [False, True])
async def test_metadata_that_grpc_has_no_room_for_is_a_defect(caplog, place, pair, fails):
    async def ask(request, call):
        getattr(call, place).update([pair])
        if fails:
            raise TollwayError(Reason.REASON_MODEL_NOT_FOUND)
        return request if call.method.endswith("Ask") else Kinds()

    async with dialled(ask) as (_, channel):
        for call in calls(channel):
            code, reason, _ = await asyncio.wait_for(outcome(call), 10)
            assert (code, reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert [record.name for record in logged(caplog)] == ["tollwayd.rpc.reply"] * 2


@pytest.mark.parametrize("method", ["Ask", "Watch"])
@pytest.mark.parametrize("says", [True, False])
async def test_who_reads_nothing_and_leaves_is_no_error(caplog, method, says):
    count = 20
    closed = asyncio.Semaphore(0)

    async def ask(request, call):
        call.defer(closed.release)
        return events() if method == "Watch" else request

    async def events():
        while True:
            yield Kinds(text="x" * 1000)

    async with opened(ask) as (door, address):
        async with http2(address) as wire:
            await wire.send(setting(INITIAL_WINDOW_SIZE, 0))
            streams = range(1, 2 * count, 2)
            path = f"{SERVICE}/{method}".encode()
            await wire.send(*(head(path, stream) + message(b"", stream, end=True) for stream in streams))
            for stream in streams:  # The head goes out, what follows is held back.
                assert await wire.block(stream)
            if says:
                await wire.send(*(frame(RESET, 0, CANCEL, stream) for stream in streams))
        for _ in range(count):
            await asyncio.wait_for(closed.acquire(), 10)
        await door.stop(5)
    assert logged(caplog) == []


@pytest.mark.parametrize("leave", [lambda call: call.cancel(), lambda _: None], ids=["cancels", "deadline"])
async def test_who_leaves_while_the_servicer_works_is_no_error(caplog, leave):
    begun, ended = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def ask(_, call):
        call.defer(ended.release)
        begun.release()
        await asyncio.Event().wait()

    async with dialled(ask) as (_, channel):
        for kind, name in (channel.unary_unary, "Ask"), (channel.unary_stream, "Watch"):
            call = kind(f"{SERVICE}/{name}")(b"", timeout=0.5)
            await asyncio.wait_for(begun.acquire(), 10)
            leave(call)
            await asyncio.wait_for(ended.acquire(), 10)
            await call.code()  # What comes of it later than the loop ends would be another test's.
    assert logged(caplog) == []


async def test_who_is_slow_to_read_is_told_why_a_stream_ends():
    ended = asyncio.Event()

    async def ask(_, call):
        call.defer(ended.set)
        return events()

    async def events():
        while True:
            yield Kinds()

    async with opened(ask) as (door, address), http2(address) as wire:
        await wire.send(setting(INITIAL_WINDOW_SIZE, 0))
        await wire.send(head(f"{SERVICE}/Watch".encode()), message(b"", end=True))
        await wire.block()
        stopping = asyncio.create_task(door.stop(0))
        await asyncio.wait_for(ended.wait(), 10)
        await wire.send(frame(WINDOW_UPDATE, 0, MAX_BODY_BYTES.to_bytes(4)))
        answer = await wire.answer()
        await stopping
    assert (answer.status, answer.text) == (14, TollwayError(Reason.REASON_SHUTTING_DOWN).message)


async def test_a_message_of_more_fields_than_anybody_sends_is_refused():
    async def ask(request, _):
        return request

    unknown = b"\x98\x06\x01"
    async with dialled(ask) as (_, channel):
        call = channel.unary_unary(f"{SERVICE}/Ask")(unknown * (MAX_FIELDS + 1))
        code, reason, _ = await outcome(call)
        assert (code, reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "BODY_TOO_LARGE")
        assert await call.details() == f"The message has more than {MAX_FIELDS} fields."


async def hangs(_, __):
    await asyncio.Event().wait()


async def test_watchers_of_health_are_told_of_the_drain_and_of_the_end():
    async with dialled(hangs) as (door, channel):
        watch = health_pb2_grpc.HealthStub(channel).Watch
        names = ["", SERVICE[1:], "no.Service"]
        watches = [watch(health_pb2.HealthCheckRequest(service=name)) for name in names]
        assert [(await each.read()).status for each in watches] == [SERVING, SERVING, SERVICE_UNKNOWN]
        await door.drain()
        assert [(await each.read()).status for each in watches[:2]] == [NOT_SERVING, NOT_SERVING]
        late = watch(health_pb2.HealthCheckRequest())
        assert (await late.read()).status == NOT_SERVING
        # The end waits for the calls under way, but not for watchers.
        await asyncio.wait_for(door.stop(60), 10)
        for each in (*watches, late):
            code, reason, _ = await outcome(each)
            assert (code, reason) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")


async def test_a_watcher_who_reads_nothing_does_not_hold_up_the_drain():
    async with opened(hangs) as (door, address), http2(address) as wire:
        await wire.send(setting(INITIAL_WINDOW_SIZE, 0))
        await wire.send(head(b"/grpc.health.v1.Health/Watch"), message(b"", end=True))
        await wire.block(1)
        await asyncio.wait_for(door.drain(), 10)
