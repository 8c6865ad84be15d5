"""The lean gRPC listener's HTTP/2 (RFC 9113), frame by frame. That of grpcio is its own."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest

from tests.apis.kinds import Echo, Gathered, Kinds, registry
from tests.wire.http1 import connect
from tests.wire.http2 import (
    CANCEL,
    DATA,
    EMPTY,
    END_STREAM,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    PING,
    RESET,
    SETTINGS,
    WINDOW_UPDATE,
    frame,
    half_close,
    head,
    http2,
    message,
    setting,
)
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.door import GrpcDoor
from tollwayd.rpc.listeners.lean import connection, lifetime, stream
from tollwayd.rpc.listeners.lean.frames import Code
from tollwayd.rpc.listeners.lean.listener import OPEN, LeanListener

SERVICE = b"/transcoding.kinds.v1.KindService"
ASK, WATCH, GATHER = (SERVICE + name for name in (b"/Ask", b"/Watch", b"/Gather"))
MAX_BODY_BYTES = 8 * 1024 * 1024
OK, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED = 0, 8, 4
PRIORITY, PUSH_PROMISE, CONTINUATION = 2, 5, 9
PADDED, PRIORITIZED = 0x8, 0x20


class Scripted(Echo):
    """Ask and Gather do what the test says."""

    def __init__(self, ask):
        super().__init__()
        self.Ask = self.Gather = ask


def only() -> LeanListener:
    """The one that listens."""
    (found,) = OPEN.values()
    return found


@asynccontextmanager
async def opened(servicer=None):
    door = GrpcDoor(registry(servicer or Echo()), max_body_bytes=MAX_BODY_BYTES, listener="lean")
    address = await door.start("127.0.0.1", 0)
    try:
        yield door, address
    finally:
        await door.stop(0)


@pytest.fixture
async def wire():
    async with opened() as (_, address), http2(address) as made:
        yield made


def block(path: bytes, **fields: bytes) -> bytes:
    """The header block of a call."""
    return head(path, **fields)[9:]


@pytest.mark.parametrize("cut", [1, 5, 40])
async def test_a_head_may_come_in_pieces_padded_and_prioritized(wire, cut):
    whole = block(ASK)
    first = b"\x03" + bytes(5) + whole[:cut] + bytes(3)
    rest = whole[cut:]
    frames = [frame(HEADERS, PADDED | PRIORITIZED, first), frame(CONTINUATION, 0, rest[:7])]
    await wire.send(*frames, frame(CONTINUATION, 4, rest[7:]), message(b"", end=True))
    assert (await wire.answer()).data == EMPTY


async def test_frames_may_come_byte_by_byte(wire):
    sent = Kinds(string_value="x").SerializeToString()
    for byte in head(ASK) + message(sent, end=True):
        await wire.send(bytes([byte]))
    assert (await wire.answer()).data == message(sent)[9:]


async def test_a_message_may_come_in_frames_of_any_size_padded(wire):
    sent = Kinds(string_value="Omnibus").SerializeToString()
    framed = message(sent)[9:]
    pieces = [frame(DATA, PADDED, b"\x02" + bytes([byte]) + bytes(2)) for byte in framed]
    await wire.send(head(ASK), *pieces, half_close())
    assert (await wire.answer()).data == framed


async def test_messages_larger_than_all_windows_go_both_ways():
    text = "x" * (5 * 1024 * 1024)
    async with (
        opened() as (_, address),
        grpc.aio.insecure_channel(
            "{}:{}".format(*address), options=[("grpc.max_receive_message_length", -1)]
        ) as channel,
    ):
        ask = channel.unary_unary(ASK.decode(), Kinds.SerializeToString, Kinds.FromString)
        answers = await asyncio.gather(*(ask(Kinds(string_value=text)) for _ in range(3)))
    assert all(answer.string_value == text for answer in answers)


async def test_an_answer_takes_no_more_room_than_the_client_gives(wire):
    sent = Kinds(string_value="x" * 300).SerializeToString()
    await wire.send(setting(INITIAL_WINDOW_SIZE, 0), head(ASK), message(sent, end=True))
    assert await wire.block()
    size = len(sent) + 5
    for _ in range(0, size, 100):
        await wire.send(frame(WINDOW_UPDATE, 0, (100).to_bytes(4)))
    assert (await wire.answer()).data == message(sent)[9:]


async def test_one_stream_without_room_does_not_hold_up_another(wire):
    sent = Kinds(string_value="x" * 300).SerializeToString()
    await wire.send(setting(INITIAL_WINDOW_SIZE, 0))
    await wire.send(*(head(ASK, stream) + message(sent, stream, end=True) for stream in (1, 3)))
    assert await wire.block(1)
    await wire.send(frame(WINDOW_UPDATE, 0, (10**6).to_bytes(4), 3))
    assert (await wire.answer(3)).status == OK


async def test_streams_share_the_room_of_their_connection(wire):
    sent = Kinds(string_value="x" * 40_000).SerializeToString()
    await wire.send(*(head(ASK, stream) + data(sent, stream) for stream in (1, 3, 5)))
    assert await wire.block(1)
    await wire.send(*[frame(WINDOW_UPDATE, 0, (1000).to_bytes(4), 0)] * 100)
    for number in 3, 5:
        assert await wire.block(number)
    for number in 1, 3, 5:
        assert (await wire.answer(number)).data == b"\0" + len(sent).to_bytes(4) + sent


def data(sent: bytes, stream: int) -> bytes:
    """A message in frames as large as they may be."""
    framed = b"\0" + len(sent).to_bytes(4) + sent
    pieces = [framed[place : place + 16384] for place in range(0, len(framed), 16384)]
    return b"".join(frame(DATA, 0, piece, stream) for piece in pieces) + half_close(stream)


async def test_who_takes_half_a_message_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(stream, "_REST_SECONDS", 0.05)
    async with opened() as (_, address), http2(address) as wire:
        sent = Kinds(string_value="x" * 300).SerializeToString()
        await wire.send(setting(INITIAL_WINDOW_SIZE, 100), head(ASK, grpc_timeout=b"50m"), message(sent, end=True))
        answer = await wire.answer()
    assert (len(answer.data), answer.reset) == (100, Code.CANCEL)


async def test_who_takes_half_a_message_late_is_told_why_it_ends():
    ended = asyncio.Event()

    async def ask(request, call):
        asyncio.get_running_loop().call_later(call.remaining() + 0.05, ended.set)
        return request

    async with opened(Scripted(ask)) as (_, address), http2(address) as wire:
        sent = Kinds(string_value="x" * 300).SerializeToString()
        await wire.send(setting(INITIAL_WINDOW_SIZE, 100), head(ASK, grpc_timeout=b"20m"), message(sent, end=True))
        assert await wire.block()
        await ended.wait()
        await wire.send(frame(WINDOW_UPDATE, 0, (1000).to_bytes(4)))
        answer = await wire.answer()
    assert (answer.data[5:], answer.status) == (sent, DEADLINE_EXCEEDED)


async def test_a_stream_without_room_of_its_own_passes_the_room_of_the_connection_on(wire):
    sent = Kinds(string_value="x" * 40_000).SerializeToString()
    await wire.send(*(head(ASK, stream) + data(sent, stream) for stream in (1, 3, 5)))
    await wire.send(setting(INITIAL_WINDOW_SIZE, 41_000), frame(WINDOW_UPDATE, 0, (10**6).to_bytes(4), 0))
    for number in 1, 3, 5:
        assert (await wire.answer(number)).status == OK


async def test_windows_that_change_count_for_calls_under_way(wire):
    sent = Kinds(string_value="x" * 300).SerializeToString()
    await wire.send(setting(INITIAL_WINDOW_SIZE, 0), head(ASK), message(sent, end=True))
    assert await wire.block()
    await wire.send(setting(INITIAL_WINDOW_SIZE, 1000))
    assert (await wire.answer()).status == OK


async def test_a_ping_is_answered(wire):
    await wire.send(frame(PING, 0, b"12345678", 0))
    assert await wire.pong() == b"12345678"


async def test_unknown_frames_and_settings_are_passed_over(wire):
    await wire.send(frame(0x77, 0xFF, b"abc", 9), setting(0x99, 1), frame(PRIORITY, 0, bytes(5)))
    await wire.send(head(ASK), message(b"", end=True))
    assert (await wire.answer()).status == OK


async def test_fields_behind_the_messages_end_them(wire):
    trailers = frame(HEADERS, END_STREAM | 4, b"\x00\x03x-a\x01b")
    await wire.send(head(GATHER), message(b""), trailers)
    answer = await wire.answer()
    assert len(Gathered.FromString(answer.data[5:]).kinds) == 1


UNUSABLE = {
    "a stream's number that is a server's": (head(ASK, 2), Code.PROTOCOL_ERROR),
    "data of no stream": (frame(DATA, 0, b"", 0), Code.PROTOCOL_ERROR),
    "data of a stream that never began": (frame(DATA, 0, b"", 7), Code.PROTOCOL_ERROR),
    "data behind the end": (head(ASK, end=True) + frame(DATA, 0, b"x"), Code.STREAM_CLOSED),
    "a frame that is too large": (frame(DATA, 0, bytes(16385)), Code.FRAME_SIZE_ERROR),
    "padding that is more than there is": (head(ASK) + frame(DATA, PADDED, b"\x05abc"), Code.PROTOCOL_ERROR),
    "a push": (frame(PUSH_PROMISE, 4, bytes(8)), Code.PROTOCOL_ERROR),
    "settings that are cut": (frame(SETTINGS, 0, bytes(5), 0), Code.FRAME_SIZE_ERROR),
    "settings of a stream": (frame(SETTINGS, 0, b"", 1), Code.PROTOCOL_ERROR),
    "a window that is too large": (setting(INITIAL_WINDOW_SIZE, 2**31), Code.FLOW_CONTROL_ERROR),
    "frames that are too small": (setting(5, 100), Code.PROTOCOL_ERROR),
    "a ping that is cut": (frame(PING, 0, bytes(7), 0), Code.FRAME_SIZE_ERROR),
    "a ping of a stream": (frame(PING, 0, bytes(8), 1), Code.PROTOCOL_ERROR),
    "a window that grows by nothing": (frame(WINDOW_UPDATE, 0, bytes(4), 0), Code.PROTOCOL_ERROR),
    "a window that grows too far": (frame(WINDOW_UPDATE, 0, b"\x7f\xff\xff\xff", 0), Code.FLOW_CONTROL_ERROR),
    "a reset that is cut": (head(ASK) + frame(RESET, 0, bytes(3)), Code.FRAME_SIZE_ERROR),
    "a priority of nothing": (frame(PRIORITY, 0, bytes(4)), Code.PROTOCOL_ERROR),
    "a priority that is cut": (frame(HEADERS, PRIORITIZED | 4, bytes(3)), Code.PROTOCOL_ERROR),
    "a continuation of nothing": (frame(CONTINUATION, 4, b""), Code.PROTOCOL_ERROR),
    "another frame within a head": (frame(HEADERS, 0, block(ASK)) + frame(PING, 0, bytes(8), 0), Code.PROTOCOL_ERROR),
    "an endless head": (
        frame(HEADERS, 0, b"") + b"".join(frame(CONTINUATION, 0, b"\x00" * 16384) for _ in range(3)),
        Code.ENHANCE_YOUR_CALM,
    ),
    "empty pieces of a head": (frame(HEADERS, 0, b"") + frame(CONTINUATION, 0, b""), Code.ENHANCE_YOUR_CALM),
    "a head that is none": (frame(HEADERS, 4, b"\xff\xff\xff\xff\xff\xff"), Code.COMPRESSION_ERROR),
    "more than there is room for": (
        head(WATCH) + b"".join(frame(DATA, 0, bytes(16384)) for _ in range(5)),
        Code.FLOW_CONTROL_ERROR,
    ),
    "pings without end": (frame(PING, 0, bytes(8), 0) * 10_001, Code.ENHANCE_YOUR_CALM),
    "resets without end": (
        b"".join(head(ASK, stream) + frame(RESET, 0, CANCEL, stream) for stream in range(1, 20_004, 2)),
        Code.ENHANCE_YOUR_CALM,
    ),
}


@pytest.mark.parametrize(("frames", "code"), UNUSABLE.values(), ids=UNUSABLE)
async def test_what_http2_does_not_allow_ends_the_connection_and_nothing_else(frames, code):
    async def never(*_):
        await asyncio.Event().wait()

    async with opened(Scripted(never)) as (_, address):
        async with http2(address) as wire:
            await wire.send(frames)
            assert await wire.gone() == code
        async with http2(address) as wire:
            await wire.send(head(b"/none"), message(b"", end=True))
            assert (await wire.answer()).blocks
        assert only().connections


GET = b"\x82\x86\x04" + bytes([len(ASK)]) + ASK


@pytest.mark.parametrize(("block", "status"), [(GET, b"405"), (block(ASK, content_type=b"text/xml"), b"415")])
async def test_what_is_no_grpc_has_a_status_of_http(wire, block, status):
    await wire.send(frame(HEADERS, END_STREAM | 4, block))
    assert (await wire.answer()).blocks == [{":status": status}]


@pytest.mark.parametrize(
    "fields", [{"X-A": b"b"}, {"connection": b"close"}, {"x a": b""}, {":none": b""}], ids=lambda fields: str(*fields)
)
async def test_a_head_that_is_malformed_resets_its_stream(wire, fields):
    await wire.send(head(ASK, **fields), head(ASK, 3), message(b"", 3, end=True))
    assert (await wire.answer()).reset == Code.PROTOCOL_ERROR
    assert (await wire.answer(3)).status == OK


async def test_too_much_metadata_is_refused_in_our_words(wire):
    fields = b"".join(b"\x00\x03x-%c\x7f\x81\x07" % letter + b"v" * 1024 for letter in b"abcdefghijklmnopq")
    whole = block(ASK) + fields
    await wire.send(frame(HEADERS, 0, whole[:16000]), frame(CONTINUATION, 4, whole[16000:]), half_close())
    answer = await wire.answer()
    assert (answer.status, answer.text) == (RESOURCE_EXHAUSTED, TollwayError(Reason.REASON_HEADERS_TOO_LARGE).message)


async def test_a_message_that_is_too_large_is_refused_before_it_comes(wire):
    await wire.send(head(ASK), frame(DATA, 0, b"\0" + (10**8).to_bytes(4)))
    answer = await wire.answer()
    assert (answer.status, answer.text) == (RESOURCE_EXHAUSTED, TollwayError(Reason.REASON_BODY_TOO_LARGE).message)


async def test_a_connection_has_so_many_calls_at_once(monkeypatch):
    monkeypatch.setattr(connection, "MAX_STREAMS", 2)
    more = asyncio.Event()

    async def ask(request, _):
        await more.wait()
        return request

    async with opened(Scripted(ask)) as (_, address), http2(address) as wire:
        await wire.send(*(head(ASK, stream) + message(b"", stream, end=True) for stream in (1, 3, 5)))
        assert (await wire.answer(5)).reset == Code.REFUSED_STREAM
        more.set()
        assert [(await wire.answer(stream)).status for stream in (1, 3)] == [OK, OK]
        await wire.send(head(ASK, 7), message(b"", 7, end=True))
        assert (await wire.answer(7)).status == OK


async def test_a_stream_of_requests_that_is_cancelled_has_no_end():
    ends = asyncio.Queue()

    async def gather(requests, _):
        try:
            async for _ in requests:
                ends.put_nowait("a message")
        except asyncio.CancelledError:
            ends.put_nowait("cancelled")
            raise
        ends.put_nowait("the end")

    async with opened(Scripted(gather)) as (_, address), http2(address) as wire:
        await wire.send(head(GATHER), message(b""))
        assert await ends.get() == "a message"
        await wire.send(frame(RESET, 0, CANCEL))
        assert await asyncio.wait_for(ends.get(), 10) == "cancelled"


async def test_a_deadline_ends_the_call_and_is_told():
    closed = asyncio.Event()

    async def ask(_, call):
        call.defer(closed.set)
        await asyncio.Event().wait()

    async with opened(Scripted(ask)) as (_, address), http2(address) as wire:
        await wire.send(head(ASK, grpc_timeout=b"50m"), message(b"", end=True))
        assert (await wire.answer()).status == DEADLINE_EXCEEDED
        assert closed.is_set()


async def test_who_need_not_send_on_is_told():
    async with opened() as (_, address), http2(address) as wire:
        await wire.send(head(b"/none"))
        assert (await wire.answer()).blocks
        _, _, payload = await wire.next(1)
        assert int.from_bytes(payload) == Code.NO_ERROR


async def test_a_door_that_stops_ends_what_is_under_way_and_takes_no_more():
    begun, more = asyncio.Event(), asyncio.Event()

    async def ask(request, _):
        begun.set()
        await more.wait()
        return request

    async with opened(Scripted(ask)) as (door, address), http2(address) as wire:
        await wire.send(head(ASK), message(b"", end=True))
        await begun.wait()
        stopping = asyncio.create_task(door.stop(10))
        assert await wire.gone() == Code.NO_ERROR
        await wire.send(head(ASK, 3), message(b"", 3, end=True))
        more.set()
        assert (await wire.answer()).status == OK
        await stopping
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)


async def test_other_protocols_are_cut_off():
    async with opened() as (_, address), connect(address) as raw:
        await raw.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await raw.rest()).endswith(Code.PROTOCOL_ERROR.to_bytes(4))


async def test_who_says_nothing_is_cut_off(monkeypatch):
    monkeypatch.setattr(lifetime, "GREETING_SECONDS", 0.05)
    async with opened() as (_, address), connect(address) as raw:
        await raw.rest()  # Until the server ends it.


async def test_a_client_is_asked_whether_it_is_there_and_cut_off_where_it_is_not(monkeypatch):
    monkeypatch.setattr(lifetime, "GREETING_SECONDS", 0.05)
    monkeypatch.setattr(lifetime, "PING_SECONDS", 0.1)
    monkeypatch.setattr(lifetime, "PONG_SECONDS", 0.05)
    async with opened() as (_, address), http2(address) as wire:
        for _ in range(3):
            await wire.answer_ping()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await wire.gone()


async def test_an_old_connection_ends_when_its_calls_do(monkeypatch):
    monkeypatch.setattr(lifetime, "GREETING_SECONDS", 0.05)
    monkeypatch.setattr(lifetime, "PING_SECONDS", 0.1)
    monkeypatch.setattr(lifetime, "PONG_SECONDS", 0.05)
    monkeypatch.setattr(lifetime, "AGE_SECONDS", 0.0)
    more = asyncio.Event()

    async def ask(request, _):
        await more.wait()
        return request

    async with opened(Scripted(ask)) as (_, address), http2(address) as wire:
        await wire.send(head(ASK), message(b"", end=True))
        await wire.answer_ping()
        assert await wire.gone() == Code.NO_ERROR
        more.set()
        assert (await wire.answer()).status == OK


async def test_a_client_that_says_goodbye_has_its_answers():
    async with opened() as (_, address), http2(address) as wire:
        await wire.send(head(ASK), message(b"", end=True), frame(GOAWAY, 0, bytes(8), 0))
        assert (await wire.answer()).status == OK
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await wire.gone()
        assert not only().connections


async def test_channelz_counts_calls_by_how_they_ended():
    async with opened() as (_, address), http2(address) as wire:
        await wire.send(head(ASK), message(b"", end=True), head(b"/none", 3, end=True))
        for stream in 1, 3:
            await wire.answer(stream)
        (connected,) = only().connections
        for counts in only().counts, connected.counts:
            assert (counts.started, counts.succeeded, counts.failed) == (2, 1, 1)
