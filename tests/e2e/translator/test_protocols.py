"""Calls of a gRPC server that is none of ours, made over Connect and gRPC-Web: the same as over REST and gRPC."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

from tests.apis.harbour import packed, pb, refusal
from tests.wire.http1 import connect
from tests.wire.rpc_http import STREAMED, UNARY

SECONDS = 10
HARBOUR = "/harbour.v1.HarbourService"
EMMA = pb.GetShipRequest(name="ships/emma")


@pytest.mark.parametrize("form", UNARY, ids=repr)
async def test_one_message(translator, harbour, form):
    harbour.head, harbour.trailers = (("x-berth", "7"),), (("x-toll", "3"),)
    _, said = await form.call(translator.address, f"{HARBOUR}/GetShip", EMMA)
    assert [form.read(message, pb.Ship) for message in said.messages] == [pb.Ship(name="ships/emma")]
    assert (said.error, said.metadata["x-berth"], said.trailers) == (None, "7", {"x-toll": "3"})


@pytest.mark.parametrize("form", STREAMED, ids=repr)
async def test_many_messages(translator, harbour, form):
    ships = [pb.Ship(name=f"ships/{number}") for number in range(3)]
    for method, sent, expected in (
        ("WatchShips", [EMMA], [pb.Ship(name="ships/emma"), pb.Ship(name="ships/emma", masts=1)]),
        ("CountShips", ships, [pb.Ship(name="counted", masts=3)]),
        ("Hail", ships, ships),
    ):
        harbour.requests.clear()
        _, said = await form.call(translator.address, f"{HARBOUR}/{method}", *sent)
        assert ([form.read(message, pb.Ship) for message in said.messages], said.error) == (expected, None)


@pytest.mark.parametrize("form", dict.fromkeys((*UNARY, *STREAMED)), ids=repr)
async def test_the_servers_error_comes_as_it_is(translator, harbour, form):
    detail = packed(pb.Collision(**{"with": "a pier", "at": [1, 2]}))
    harbour.refuse = refusal(9, "Not 100 % afloat: ü", detail)
    method = "GetShip" if form in UNARY else "WatchShips"
    _, said = await form.call(translator.address, f"{HARBOUR}/{method}", EMMA)
    assert said.error == (9, [MessageToDict(detail)], "Not 100 % afloat: ü")


@pytest.mark.parametrize("form", STREAMED, ids=repr)
async def test_a_client_that_leaves_cancels_its_call_at_the_server(translator, harbour, form):
    harbour.hold = True
    async with connect(translator.address) as connection:
        await connection.send(form.request(f"{HARBOUR}/WatchShips", form.body([form.write(EMMA)])))
        await asyncio.wait_for(harbour.begun.wait(), SECONDS)
    await asyncio.wait_for(harbour.left.wait(), SECONDS)


@pytest.mark.parametrize("form", UNARY, ids=repr)
async def test_a_method_without_a_rule_has_its_name(translator, form):
    _, said = await form.call(translator.address, "/harbour.v1.PilotService/GetPilot", EMMA)
    assert said.error[0] == grpc.StatusCode.UNIMPLEMENTED.value[0]  # It is the server that does not have it.
    assert "not found" in said.error[2].lower()
