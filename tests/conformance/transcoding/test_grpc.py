"""Each request means over REST what its message means over gRPC: the same call, answer, error and metadata."""

from __future__ import annotations

import grpc
import pytest
import pytest_asyncio

from tests.apis.kinds import METADATA, TRAILERS
from tests.conformance.transcoding.came import of_grpc, of_rest
from tests.conformance.transcoding.case import CUT, exchange, seen
from tests.conformance.transcoding.cases.all import BY_ID, REACHED
from tests.conformance.transcoding.faults import parameters
from tests.wire.http2 import EMPTY, head, http2, message

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANSWERED = [case for case in REACHED if case.status == 200]
FAILED = [case for case in REACHED if case.status != 200]

ASK = b"/transcoding.kinds.v1.KindService/Ask"

HIDDEN = {2, 11, 13, 15}
"""Codes of REASON_INTERNAL here: after a defect the metadata may be what is wrong, so REST sends none."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def channel(doors):
    """A channel to the gRPC door."""
    async with grpc.aio.insecure_channel("{}:{}".format(*doors["grpc"])) as made:
        yield made


@pytest.mark.parametrize("case", parameters(REACHED))
async def test_the_same_comes_of_both(echo, doors, channel, case):
    answer, outcome = await exchange(echo, doors["rest"], case)
    echo.seen.clear()
    came = await of_grpc(channel, case)

    assert outcome.request == seen(echo)
    if answer.body == CUT:  # Raw bytes have no words for an error.
        assert came.error is not None
    else:
        assert of_rest(case, answer, outcome) == came


@pytest.mark.parametrize("case", parameters(ANSWERED))
async def test_an_answer_has_the_same_metadata(echo, doors, channel, case):
    answer, _ = await exchange(echo, doors["rest"], case)
    came = await of_grpc(channel, case)

    assert METADATA.items() <= answer.headers.items()
    assert METADATA.items() <= came.metadata.items()
    assert TRAILERS.items() <= came.trailers.items()
    assert len(answer.headers["x-request-id"]) == len(came.metadata["x-request-id"]) == 32


async def test_a_stream_has_the_same_trailers_where_the_client_reads_them(echo, doors, channel):
    case = BY_ID["stream-trailers"]
    answer, _ = await exchange(echo, doors["rest"], case)
    came = await of_grpc(channel, case)

    assert answer.trailers == tuple(f"grpc-trailer-{name}: {value}" for name, value in TRAILERS.items())
    assert TRAILERS.items() <= came.trailers.items()


@pytest.mark.parametrize("case", parameters(FAILED))
async def test_what_stands_beside_an_error(echo, doors, channel, case):
    """Where the doors differ: REST has no place for trailers. Neither sends metadata after a defect."""
    answer, outcome = await exchange(echo, doors["rest"], case)
    came = await of_grpc(channel, case)

    for metadata in answer.headers, came.metadata:
        assert (METADATA.items() <= metadata.items()) == (outcome.error[0] not in HIDDEN)
    assert answer.trailers == ()
    assert TRAILERS.items() <= came.trailers.items()
    assert came.trailers["x-request-id"]


MALFORMED = [
    {name: value}
    for name in ("grpc_timeout", "grpc_encoding", "grpc_accept_encoding", "x_bin")
    for value in (b"zzz", b"!", b"\xc3\xa9", b"9" * 40)
]


@pytest.mark.parametrize("field", MALFORMED, ids=str)
async def test_one_callers_malformed_field_breaks_no_later_call(doors, field):
    await poison(doors["grpc"], field)


@pytest.mark.parametrize("field", MALFORMED, ids=str)
async def test_one_callers_malformed_field_breaks_no_other_callers_call_behind_envoy(transcoder, field):
    """Envoy has all callers share one connection, and so one HPACK table (grpc/grpc#34721)."""
    await poison(transcoder["plain"], field)


async def poison(address, field):
    async with http2(address) as wire, grpc.aio.insecure_channel("{}:{}".format(*address)) as channel:
        for stream in 1, 3:
            await wire.send(head(ASK, stream, table=wire.table, **field), message(b"", stream, end=True))
            await wire.answer(stream)
        assert await channel.unary_unary(ASK.decode())(b"", timeout=10, metadata=[("x-bin", b"1")]) == b""
        good = head(ASK, 5, table=wire.table, grpc_timeout=b"9S", x_bin=b"MQ")
        await wire.send(good, message(b"", 5, end=True))
        assert (await wire.answer(5)).data == EMPTY
