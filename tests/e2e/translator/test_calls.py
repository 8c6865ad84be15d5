"""Calls of a gRPC server that is none of ours, made over REST: what goes in, what comes out, and how they end."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import aiohttp
import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo

from tests.apis.harbour import packed, pb, refusal, serve
from tests.running.translator import Translator
from tests.wire.http1 import connect, get

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECONDS = 10
EMMA = "/v1/ships/emma"
LINES = {"content-type": "application/x-ndjson"}


async def event(awaited: asyncio.Event) -> None:
    await asyncio.wait_for(awaited.wait(), SECONDS)


async def queued(parts: asyncio.Queue) -> AsyncIterator[bytes]:
    """What is put into the queue, up to an empty part."""
    while part := await parts.get():
        yield part


class TestAnswers:
    async def test_one_message(self, client, harbour):
        async with client.get(EMMA) as answer:
            assert (answer.status, await answer.json()) == (200, {"name": "ships/emma"})
        assert harbour.requests == [pb.GetShipRequest(name="ships/emma")]

    async def test_what_an_any_holds_is_of_the_sets_types(self, client, harbour):
        harbour.ship = pb.Ship(cargo=packed(pb.Grain(sacks=7)))
        cargo = {"@type": "type.googleapis.com/harbour.v1.Grain", "sacks": "7"}
        async with client.post("/v1/ships", json={"cargo": cargo}) as answer:
            assert await answer.json() == {"cargo": cargo}
        assert harbour.requests == [harbour.ship]

    async def test_a_type_of_the_gateways_own_is_not_known(self, client, harbour):
        harbour.ship = pb.Ship(cargo=AnyMessage(type_url="x/tollway.error.v1.ReasonRule", value=b"\x08\x01"))
        async with client.get(EMMA) as answer:
            assert (await answer.json())["cargo"] == {"@type": "x/tollway.error.v1.ReasonRule", "value": "CAE="}

    async def test_a_stream(self, client):
        async with client.get(f"{EMMA}:watch") as answer:
            assert [json.loads(line) async for line in answer.content] == [
                {"result": {"name": "ships/emma"}},
                {"result": {"name": "ships/emma", "masts": 1}},
            ]

    async def test_many_messages_in(self, client, harbour):
        async with client.post("/v1/ships:count", data=b'{"name": "a"}\n{"name": "b"}\n', headers=LINES) as answer:
            assert await answer.json() == {"name": "counted", "masts": 2}
        assert harbour.requests[1:] == [pb.Ship(name="a"), pb.Ship(name="b")]

    async def test_many_messages_both_ways_in_turns(self, client):
        lines = asyncio.Queue()
        await lines.put(b'{"name": "a"}\n')
        async with client.post("/v1/ships:hail", data=queued(lines), headers=LINES) as answer:
            assert json.loads(await answer.content.readline()) == {"result": {"name": "a"}}
            await lines.put(b'{"name": "b"}\n')
            assert json.loads(await answer.content.readline()) == {"result": {"name": "b"}}
            await lines.put(b"")
            assert await answer.content.read() == b""

    async def test_a_message_that_is_wrong_among_many(self, client, harbour):
        lines = b'{"name": "a"}\n{"mast": 1}\n'
        async with client.post("/v1/ships:count", data=lines, headers=LINES) as answer:
            assert answer.status == 400
            assert (await answer.json())["message"].startswith("mast: there is no such field")

    async def test_a_server_that_has_read_enough(self, client, harbour):
        lines = asyncio.Queue()
        await lines.put(b'{"name": "the last"}\n')
        async with client.post("/v1/ships:count", data=queued(lines), headers=LINES) as answer:
            assert (await answer.json())["masts"] == 1

    async def test_a_method_that_the_server_lacks(self, client):
        async with client.get("/v1/tides/high") as answer:
            assert (answer.status, (await answer.json())["code"]) == (501, 12)

    async def test_a_stream_waits_for_its_reader(self, client, harbour):
        harbour.count, harbour.ship = 4000, pb.Ship(name="n" * 30_000)
        async with client.get(f"{EMMA}:watch", headers={"accept-encoding": "identity"}) as answer:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(harbour.all_sent.wait(), 1.5)
            assert 0 < harbour.sent < harbour.count
            assert len([line async for line in answer.content]) == harbour.count
        await event(harbour.all_sent)


class TestMetadata:
    async def test_what_the_server_is_told(self, client, harbour, translator):
        headers = {
            "Authorization": "Bearer k",
            "Grpc-Metadata-Berth": "7",
            "trace-bin": b64encode(b"\x00\xff").decode(),
            "two-bin": "AA,AQ==",
            "user-agent": "a-client",
            "accept-encoding": "br",
            "x-forwarded-for": "192.0.2.1",
            "x-request-id": "of-the-caller",
            "x-not-ascii": "é",
            "x!odd": "1",
        }
        async with client.post("/v1/ships", json={}, headers=headers) as answer:
            assert answer.status == 200
        told = dict(harbour.metadata)
        assert told["authorization"] == "Bearer k"
        assert told["berth"] == "7"
        assert told["trace-bin"] == b"\x00\xff"
        assert [value for name, value in harbour.metadata if name == "two-bin"] == [b"\x00", b"\x01"]
        assert told["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"
        assert told["x-forwarded-host"] == "{}:{}".format(*translator.address)
        assert told["x-request-id"] == "of-the-caller"
        assert "a-client" not in told["user-agent"]
        assert told.keys().isdisjoint({"host", "content-type", "content-length", "accept-encoding", "te", "connection"})
        assert told.keys().isdisjoint({"x-not-ascii", "x!odd"})

    async def test_a_key_in_the_query(self, client, harbour):
        async with client.get(f"{EMMA}?key=k"):
            assert dict(harbour.metadata)["query-key"] == "k"

    async def test_the_server_knows_the_calls_id(self, client, harbour):
        async with client.get(EMMA) as answer:
            assert dict(harbour.metadata)["x-request-id"] == answer.headers["x-request-id"]

    async def test_binary_metadata_that_is_not_base64(self, client, harbour):
        async with client.get(EMMA, headers={"trace-bin": "§"}) as answer:
            assert answer.status == 400
        assert harbour.requests == []

    async def test_what_the_server_says_beside_its_answer(self, client, harbour):
        harbour.head = (("x-berth", "7"), ("x-berth", "8"), ("x-raw-bin", b"\x00\xff"), ("x_under", "1"))
        harbour.trailers = (("x-cost", "9"),)
        async with client.get(EMMA) as answer:
            assert answer.headers["x-berth"] == "7, 8"
            assert answer.headers["x-raw-bin"] == "AP8="
            assert "x_under" not in answer.headers
        async with client.get(f"{EMMA}:watch") as answer:
            assert answer.headers["x-berth"] == "7, 8"

    async def test_trailers_for_those_who_read_them(self, translator, harbour):
        harbour.trailers = (("x-cost", "9"), ("x-raw-bin", b"\x00"))
        async with connect(translator.address) as connection:
            await connection.send(get(f"{EMMA}:watch", "TE: trailers", "Connection: te"))
            answer = await connection.response()
        assert answer.trailers == ("grpc-trailer-x-cost: 9", "grpc-trailer-x-raw-bin: AA==")

    async def test_the_id_in_the_answer_is_the_doors(self, client, harbour):
        harbour.head = (("x-request-id", "of-the-server"),)
        async with client.get(EMMA) as answer:
            assert answer.headers.getall("x-request-id") == [dict(harbour.metadata)["x-request-id"]]


class TestErrors:
    async def test_the_servers_error_comes_as_it_is(self, client, harbour):
        harbour.refuse = refusal(
            9,
            "It has sunk: 100 %.",
            packed(pb.Collision(**{"with": "an iceberg", "at": [41, 49]})),
            packed(ErrorInfo(reason="SUNK", domain="harbour.example")),
            AnyMessage(type_url="type.example/no.Such", value=b"\x01\x02"),
            AnyMessage(type_url="type.googleapis.com/harbour.v1.Collision", value=b"\xff"),
        )
        async with client.get(EMMA) as answer:
            assert (answer.status, answer.headers["content-type"]) == (400, "application/json")
            assert await answer.json() == {
                "code": 9,
                "message": "It has sunk: 100 %.",
                "details": [
                    {"@type": "type.googleapis.com/harbour.v1.Collision", "with": "an iceberg", "at": [41, 49]},
                    {
                        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                        "reason": "SUNK",
                        "domain": "harbour.example",
                    },
                    {"@type": "type.example/no.Such", "value": "AQI="},
                    {"@type": "type.googleapis.com/harbour.v1.Collision", "value": "/w=="},
                ],
            }

    @pytest.mark.parametrize("code", grpc.StatusCode)
    async def test_every_code_has_its_status(self, client, harbour, code):
        statuses = (200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401)
        if code is grpc.StatusCode.OK:
            return
        harbour.refuse = (code, "No.")
        async with client.get(EMMA) as answer:
            number = code.value[0]
            assert answer.status == statuses[number]
            assert await answer.json() == {"code": number, "message": "No.", "details": []}

    async def test_an_error_within_a_stream(self, client, harbour):
        harbour.refuse = refusal(8, "Full.", packed(pb.Collision(at=[1])))
        async with client.get(f"{EMMA}:watch") as answer:
            *_, last = [json.loads(line) async for line in answer.content]
        detail = {"@type": "type.googleapis.com/harbour.v1.Collision", "at": [1]}
        assert last == {"error": {"code": 8, "message": "Full.", "details": [detail]}}

    async def test_an_error_before_the_first_message(self, client, harbour):
        harbour.count, harbour.refuse = 0, (grpc.StatusCode.NOT_FOUND, "No.")
        async with client.get(f"{EMMA}:watch") as answer:
            assert answer.status == 404

    async def test_the_time_to_wait(self, client, harbour):
        wait = RetryInfo()
        wait.retry_delay.FromMilliseconds(1500)
        harbour.refuse = refusal(14, "Later.", packed(wait))
        async with client.get(EMMA) as answer:
            assert (answer.status, answer.headers["retry-after"]) == (503, "2")

    async def test_details_that_are_no_status_are_passed_over(self, client, harbour):
        harbour.refuse = (grpc.StatusCode.ABORTED, "No.", (("grpc-status-details-bin", b"\xff"),))
        async with client.get(EMMA) as answer:
            assert await answer.json() == {"code": 10, "message": "No.", "details": []}

    async def test_details_of_15_kb_come_whole(self, client, harbour):
        harbour.refuse = refusal(3, "No.", packed(pb.Collision(**{"with": "x" * 15_000})))
        async with client.get(EMMA) as answer:
            assert (await answer.json())["details"][0]["with"] == "x" * 15_000

    async def test_an_answer_that_is_too_large(self, client, harbour):
        harbour.ship = pb.Ship(name="n" * 33 * 1024 * 1024)
        async with client.get(EMMA) as answer:
            assert answer.status == 502
            assert (await answer.json())["details"][0]["reason"] == "UPSTREAM_INVALID"


class TestConditions:
    async def test_an_etag_that_the_server_does_not_want_is_a_false_condition(self, client, harbour):
        harbour.ship = pb.Ship(etag='"1"')
        async with client.get("/v1/ships/emma") as answer:
            etag = answer.headers["etag"]
        harbour.refuse = (grpc.StatusCode.ABORTED, "Somebody else was faster.")
        async with client.post("/v1/ships", json={}, headers={"if-match": etag}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (412, 10)
            assert harbour.requests[-1].etag == etag
        async with client.post("/v1/ships", json={"etag": etag}) as answer:
            assert answer.status == 409

    async def test_another_error_keeps_its_status(self, client, harbour):
        harbour.refuse = (grpc.StatusCode.FAILED_PRECONDITION, "Not now.")
        async with client.post("/v1/ships", json={}, headers={"if-match": '"1"'}) as answer:
            assert answer.status == 400


class TestEnds:
    async def test_a_deadline_goes_to_the_server(self, client, harbour):
        async with client.get(EMMA, headers={"grpc-timeout": "5S"}):
            assert 3 < harbour.remaining < 6
        async with client.get(EMMA):
            assert harbour.remaining is None
        async with client.get(EMMA, headers={"grpc-timeout": "99999999H"}) as answer:
            assert answer.status == 200
            assert harbour.remaining > 24 * 3600

    async def test_a_deadline_ends_the_call_at_both(self, client, harbour):
        harbour.hold = True
        async with client.get(EMMA, headers={"grpc-timeout": "300m"}) as answer:
            assert answer.status == 504
            assert (await answer.json())["details"][0]["reason"] == "DEADLINE_EXCEEDED"
        await event(harbour.left)

    async def test_a_client_that_leaves_ends_its_call(self, client, harbour):
        harbour.hold = True
        call = asyncio.ensure_future(client.get(EMMA))
        await event(harbour.begun)
        call.cancel()
        await event(harbour.left)

    async def test_a_client_that_leaves_while_it_sends(self, client, harbour):
        harbour.hold = True
        lines = asyncio.Queue()
        await lines.put(b'{"name": "a"}\n')
        async with client.post("/v1/ships:hail", data=queued(lines), headers=LINES) as answer:
            await answer.content.readline()
            answer.close()
        await event(harbour.left)

    async def test_a_client_that_leaves_ends_its_stream(self, client, harbour):
        harbour.hold = True
        async with client.get(f"{EMMA}:watch") as answer:
            await answer.content.readline()
            await event(harbour.begun)  # Before, it is the writing that is cancelled.
            answer.close()
        await event(harbour.left)


async def failed(answer: aiohttp.ClientResponse, *addresses: tuple[str, int]) -> str:
    """The reason of a failure that says nothing of where the server is."""
    body = await answer.text()
    assert not any(host in body or str(port) in body for host, port in addresses)
    return json.loads(body)["details"][0]["reason"]


class TestReach:
    async def test_a_server_that_is_not_there_and_comes(self, descriptors, harbour):
        async with serve(harbour) as address:
            pass
        with Translator(descriptors, address) as translator:
            async with aiohttp.ClientSession(translator.url("")) as client:
                async with client.get(EMMA) as answer:
                    assert answer.status == 503
                    assert await failed(answer, address) == "UPSTREAM_UNREACHABLE"
                async with serve(harbour, address[1]), asyncio.timeout(SECONDS):
                    while not harbour.requests:
                        async with client.get(EMMA) as answer:
                            assert answer.status in {200, 503}

    @pytest.mark.parametrize("host", ["no.such.invalid", "localhost"])
    async def test_an_address_where_no_grpc_server_is(self, descriptors, host):
        async def refuse(reader, writer):
            await reader.read(1)
            writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(refuse, "localhost", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with Translator(descriptors, f"{host}:{port}") as translator:
                async with aiohttp.ClientSession() as client, client.get(translator.url(EMMA)) as answer:
                    assert answer.status == 503
                    assert await failed(answer, (host, port), ("127.0.0.1", port)) == "UPSTREAM_UNREACHABLE"

    async def test_a_connection_that_breaks(self, descriptors, upstream, harbour):
        harbour.hold = True
        async with cut_line(upstream) as (address, ends), aiohttp.ClientSession() as client:
            with Translator(descriptors, address) as translator:
                call = asyncio.ensure_future(client.get(translator.url(EMMA)))
                await event(harbour.begun)
                for end in ends:
                    end.transport.abort()
                async with await call as answer:
                    assert answer.status == 502
                    assert await failed(answer, address) == "UPSTREAM_INTERRUPTED"

    async def test_an_answer_that_is_no_message(self, descriptors):
        async def answer_nonsense(data, context):
            return b"\xff"

        server = grpc.aio.server()
        handler = grpc.unary_unary_rpc_method_handler(answer_nonsense)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("harbour.v1.HarbourService", {"GetShip": handler}),)
        )
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        with Translator(descriptors, f"127.0.0.1:{port}") as translator:
            async with aiohttp.ClientSession() as client, client.get(translator.url(EMMA)) as answer:
                assert (answer.status, await failed(answer)) == (502, "UPSTREAM_INVALID")
        await server.stop(0)


@asynccontextmanager
async def cut_line(upstream: tuple[str, int]):
    """A line to the server: its address, and the writers of its ends, to be cut."""
    writers, copies = [], []

    async def copy(reader, writer):
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)

    async def connect(reader, writer):
        server_reader, server_writer = await asyncio.open_connection(*upstream)
        writers.extend([writer, server_writer])
        copies.extend(
            [asyncio.ensure_future(copy(*each)) for each in ((reader, server_writer), (server_reader, writer))]
        )

    async with await asyncio.start_server(connect, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[:2], writers
        for writer in writers:
            writer.transport.abort()
    await asyncio.gather(*copies)
