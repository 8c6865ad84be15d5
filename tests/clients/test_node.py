"""Clients of npm meet the same calls at the REST ports, over Connect and gRPC-Web, as over gRPC."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode

import pytest
import pytest_asyncio

from tests.apis import calls, kinds
from tests.apis.calls import Calls
from tests.apis.compiled import ROOT, descriptor_set
from tests.apis.kinds import Echo, Kinds
from tests.conformance.transcoding.cases.all import REACHED
from tollwayd.core.chain import Chain
from tollwayd.rpc.door import GrpcDoor
from tollwayd.translator.options import RestOptions
from tollwayd.translator.server import RestDoor

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 64 * 1024
ERROR_DETAILS = ROOT / "proto" / "third_party" / "google" / "rpc" / "error_details.proto"
STATUS = ROOT / "proto" / "third_party" / "google" / "rpc" / "status.proto"

TABLE = list(
    {case.message.SerializeToString(deterministic=True): case for case in REACHED if case.rpc == "Ask"}.values()
)
"""The conformance table's messages of every kind of field."""

PROGRAMS = ("grpc_js.mjs", "connect.mjs", "grpc_web.mjs")
CLIENTS = (
    "connect-json",
    "connect-proto",
    "connect-get-json",
    "connect-get-proto",
    "connect-grpc-web",
    "connect-grpc-web-json",
    "connect-grpc",
    "web-connect-json",
    "web-connect-proto",
    "web-grpc-web",
    "grpc-web-binary",
    "grpc-web-text",
)
OF_BROWSERS = tuple(name for name in CLIENTS if name.startswith(("web-", "grpc-web-")))


async def ran(folder, *command: str, given: bytes = b"") -> bytes:
    """What a command prints that ends well."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe)
    async with asyncio.timeout(120):
        printed, errors = await process.communicate(given)
    assert process.returncode == 0, errors.decode()
    return printed


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(node):
    """What each client has to tell."""
    methods = calls.registry(Calls())
    methods.add(kinds.methods()["Ask"].containing_service, Echo(), Chain([]))
    doors = {
        "rest": RestDoor(methods, RestOptions(max_body_bytes=LIMIT)),
        "grpc": GrpcDoor(methods, max_body_bytes=LIMIT),
    }
    addresses = {name: "{}:{}".format(*await door.start("127.0.0.1", 0)) for name, door in doors.items()}
    task = json.dumps(
        {
            **addresses,
            "descriptors": _text(descriptor_set(calls.PROTO, kinds.PROTO, STATUS, ERROR_DETAILS, imports=True)),
            "kinds": [_text(case.message) for case in TABLE],
        }
    )
    try:
        printed = await asyncio.gather(*(ran(node, "node", script, given=task.encode()) for script in PROGRAMS))
        return {name: found for each in printed for name, found in json.loads(each).items()}
    finally:
        for door in doors.values():
            await door.stop(0)


def _text(message) -> str:
    return b64encode(message.SerializeToString()).decode()


async def test_grpc_itself(told):
    found = told["grpc-js"]["scenarios"]
    assert found["say"]["answers"] == [{"text": "é", "number": 7, "data": "/wA="}]
    assert found["say"]["metadata"] == {"x-kind": "called", "x-kind-bin": "AQI="}
    assert found["say"]["trailers"] == {"x-cost": "7", "x-cost-bin": "AwQ="}
    assert [line.get("number", 0) for line in found["count"]["answers"]] == [0, 1, 2]
    assert found["collect"]["answers"] == [{"lines": [{"text": "é", "number": number} for number in (1, 2, 3)]}]
    codes = {name: outcome.get("code", 0) for name, outcome in found.items()}
    assert {name: code for name, code in codes.items() if code} == {
        "fails": 5,
        "failsWithoutWords": 14,
        "inItsOwnWords": 9,
        "countFails": 8,
        "tooLarge": 8,
        "collectFails": 3,
        "late": 4,
        "cancelled": 1,
    }


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_meets_what_one_of_grpc_meets(told, client):
    by_grpc = told["grpc-js"]["scenarios"]
    # gRPC itself refuses what is too large, and in its own words.
    alike = by_grpc.keys() - {"tooLarge"}
    if client in OF_BROWSERS:
        alike -= {"collect", "collectFails", "talk"}
    if client.startswith("grpc-web"):
        alike -= {"cancelled"}  # Who cancels is told nothing.
    found = told[client]["scenarios"]
    assert {name: found[name] for name in alike} == {name: by_grpc[name] for name in alike}
    assert found["tooLarge"]["code"] == 8


@pytest.mark.parametrize("client", ["grpc-js", *CLIENTS])
async def test_a_message_of_every_kind_goes_through_a_client_and_back(told, client):
    came = [Kinds.FromString(b64decode(text)) for text in told[client]["kinds"]]
    assert [str(message) for message in came] == [str(case.message) for case in TABLE]
