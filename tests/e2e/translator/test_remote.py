"""The methods of another server, called through our own gRPC door: every kind of streaming, and errors unchanged."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from tests.apis import listeners
from tests.apis.harbour import packed, pb, refusal, stubs
from tests.wire.http1 import connect, get, request
from tollwayd.core.chain import Chain
from tollwayd.core.errors import Reason
from tollwayd.core.plugin import Stage
from tollwayd.rpc.descriptor_set import DescriptorSet
from tollwayd.rpc.door import GrpcDoor
from tollwayd.rpc.options import channel_options
from tollwayd.rpc.remote import remote_registry
from tollwayd.translator.limits import Timeouts
from tollwayd.translator.options import RestOptions
from tollwayd.translator.server import RestDoor

SECONDS = 10
LIMIT = 64 * 1024

each_grpc_listener = listeners.each_grpc_listener


@pytest.fixture
async def door(upstream, descriptors):
    """The address of a gRPC door whose methods are those of the harbour."""
    files = DescriptorSet(descriptors.read_bytes())
    async with grpc.aio.insecure_channel("{}:{}".format(*upstream), options=channel_options(LIMIT)) as channel:
        registry = remote_registry(channel, files.services.values(), files.pool, Chain([]))
        made = GrpcDoor(registry, max_body_bytes=LIMIT, listener=listeners.grpc_listener())
        yield await made.start("127.0.0.1", 0)
        await made.stop(0)


@pytest.fixture
async def stub(door):
    """A client of the door."""
    async with grpc.aio.insecure_channel("{}:{}".format(*door)) as channel:
        yield stubs.HarbourServiceStub(channel)


def ships(*names: str):
    return [pb.Ship(name=name) for name in names]


async def test_one_message_each_way(stub):
    assert await stub.GetShip(pb.GetShipRequest(name="a")) == pb.Ship(name="a")


async def test_many_messages_in(stub, harbour):
    assert (await stub.CountShips(iter(ships("a", "b", "c")))).masts == 3
    assert harbour.requests[1:] == ships("a", "b", "c")


async def test_no_message_in(stub):
    assert (await stub.CountShips(iter(()))).masts == 0


async def test_many_messages_both_ways_in_turns(stub):
    under_way = stub.Hail()
    for ship in ships("a", "b", "c"):
        await under_way.write(ship)
        assert await under_way.read() == ship
    await under_way.done_writing()
    assert await under_way.read() is grpc.aio.EOF


async def test_an_answer_before_the_last_message(stub, harbour):
    async def ships_for_ever():
        yield pb.Ship(name="the last")
        while True:
            yield pb.Ship()
            await asyncio.sleep(0)

    assert (await stub.CountShips(ships_for_ever())).masts == 1


async def test_a_refusal_before_the_last_message(stub, harbour):
    harbour.refuse = (grpc.StatusCode.RESOURCE_EXHAUSTED, "Enough.")
    under_way = stub.CountShips()
    await under_way.write(pb.Ship(name="the last"))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await under_way
    assert (refused.value.code(), refused.value.details()) == harbour.refuse


@pytest.mark.parametrize("ways", ["in", "both"])
async def test_a_message_that_is_none_among_many(door, harbour, ways):
    async with grpc.aio.insecure_channel("{}:{}".format(*door)) as channel:
        kind, name = (channel.stream_unary, "CountShips") if ways == "in" else (channel.stream_stream, "Hail")
        under_way = kind(f"/harbour.v1.HarbourService/{name}")()
        await under_way.write(pb.Ship(name="a").SerializeToString())
        await under_way.write(b"\xff")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await (under_way if ways == "in" else anext(aiter(_behind_first(under_way))))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == "The message is not a valid harbour.v1.Ship."


async def _behind_first(under_way):
    assert await under_way.read()
    yield await under_way.read()


async def test_a_client_that_leaves_while_it_sends(stub, harbour):
    harbour.hold = True
    under_way = stub.Hail()
    await under_way.write(pb.Ship(name="a"))
    await under_way.read()
    await under_way.done_writing()
    await asyncio.wait_for(harbour.begun.wait(), SECONDS)
    under_way.cancel()
    await asyncio.wait_for(harbour.left.wait(), SECONDS)


class Ends:
    """A link that sees how calls end."""

    name = "ends"
    stage = Stage.AUTHENTICATE

    def __init__(self) -> None:
        self.seen = asyncio.Queue()

    def on_end(self, call, error):
        self.seen.put_nowait(error)


async def test_a_client_that_leaves_its_upload_cancels_the_call_and_is_no_defect(
    upstream, descriptors, harbour, caplog
):
    files, ends = DescriptorSet(descriptors.read_bytes()), Ends()
    async with grpc.aio.insecure_channel("{}:{}".format(*upstream), options=channel_options(LIMIT)) as channel:
        rest = RestDoor(remote_registry(channel, files.services.values(), files.pool, Chain([ends])))
        async with connect(await rest.start("127.0.0.1", 0)) as connection:
            await connection.send(request("POST", "/v1/ships:hail", "transfer-encoding: chunked") + b"3\r\n{}\n\r\n")
            await connection.head()
            await connection.chunk()
            await connection.abort()
            error = await asyncio.wait_for(ends.seen.get(), SECONDS)
        await rest.stop(0)
    assert isinstance(error, asyncio.CancelledError) or error.reason == Reason.REASON_CANCELLED
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("streamed", [False, True])
async def test_the_servers_error_comes_as_it_is(stub, harbour, streamed):
    harbour.refuse = refusal(5, "Not here.", packed(pb.Collision(at=[1])))
    harbour.trailers = (("x-cost", "9"),)
    under_way = (stub.WatchShips if streamed else stub.GetShip)(pb.GetShipRequest())
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        _ = [each async for each in under_way] if streamed else await under_way
    code, text, ((_, details),) = harbour.refuse
    assert (refused.value.code(), refused.value.details()) == (code, text)
    trailers = dict(refused.value.trailing_metadata())
    assert trailers["grpc-status-details-bin"] == details


async def test_metadata_both_ways(stub, harbour):
    harbour.head, harbour.trailers = (("x-berth", "7"),), (("x-cost", "9"), ("x-request-id", "of-the-server"))
    under_way = stub.WatchShips(pb.GetShipRequest(), metadata=[("x-raw-bin", b"\xff"), ("x-raw-bin", b"")], timeout=9)
    assert len([ship async for ship in under_way]) == 2
    assert [value for name, value in harbour.metadata if name == "x-raw-bin"] == [b"\xff", b""]
    assert harbour.remaining < 10
    assert dict(await under_way.initial_metadata())["x-berth"] == "7"
    assert tuple(await under_way.trailing_metadata()) == (("x-cost", "9"),)


async def test_a_stream_of_which_nothing_comes_shows_that_it_lives(upstream, descriptors, harbour):
    harbour.hold, harbour.count = True, 0
    files = DescriptorSet(descriptors.read_bytes())
    async with grpc.aio.insecure_channel("{}:{}".format(*upstream)) as channel:
        registry = remote_registry(channel, files.services.values(), files.pool, Chain([]))
        door = RestDoor(registry, RestOptions(timeouts=Timeouts(pulse=0.1)))
        async with connect(await door.start("127.0.0.1", 0)) as connection:
            await connection.send(get("/v1/ships/a:watch", "Accept: text/event-stream"))
            assert (await connection.head()).status == 200
            assert await connection.chunk() == b":\n\n"
        await asyncio.wait_for(harbour.left.wait(), SECONDS)
        await door.stop(0)
