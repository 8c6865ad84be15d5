"""What is the same over Connect and gRPC-Web, in every encoding: kinds of methods, metadata, ends of calls."""

from __future__ import annotations

import asyncio
import re
import time

import grpc
import pytest

from tests.apis.calls import SERVICE, Line, Lines, serve
from tests.wire.http1 import TIMEOUT, connect
from tests.wire.rpc_http import CONNECT_JSON, CONNECT_PROTO, GRPC_WEB, GRPC_WEB_TEXT, STREAM_JSON, STREAMED, UNARY
from tollwayd.core.chain import Chain
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.limits import Timeouts

CONNECT = (CONNECT_PROTO, CONNECT_JSON)
PULSE = Timeouts(pulse=0.05)

HIDDEN = {2, 11, 13, 15}
"""Codes of REASON_INTERNAL here: after a defect the metadata may be what is wrong."""
EACH = [*UNARY, *STREAMED[:2]]


def own(form):
    """The shortest way to a method in this form, and the message that has it wait, or fail."""
    return f"{SERVICE}/Say" if form in UNARY else f"{SERVICE}/Count"


async def until(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), TIMEOUT)


class TestKinds:
    @pytest.mark.parametrize("form", UNARY, ids=repr)
    async def test_unary_without_a_rule_for_paths(self, calls, address, form):
        line = Line(text="é", number=7, data=b"\xff\x00")
        _, said = await form.call(address, f"{SERVICE}/Say", line)
        assert [form.read(data, Line) for data in said.messages] == [line]
        assert (said.error, said.metadata, said.trailers) == (None, calls.metadata, calls.trailers)

    @pytest.mark.parametrize("form", STREAMED, ids=repr)
    @pytest.mark.parametrize("count", [0, 1, 3])
    async def test_streamed_answers(self, calls, address, form, count):
        _, said = await form.call(address, f"{SERVICE}/Count", Line(number=count, text="a"))
        assert [form.read(data, Line).number for data in said.messages] == list(range(count))
        assert (said.error, said.metadata, said.trailers) == (None, calls.metadata, calls.trailers)

    @pytest.mark.parametrize("form", STREAMED, ids=repr)
    @pytest.mark.parametrize("count", [0, 1, 3])
    async def test_streamed_requests(self, calls, address, form, count):
        lines = [Line(number=number) for number in range(count)]
        _, said = await form.call(address, f"{SERVICE}/Collect", *lines)
        assert [form.read(data, Lines) for data in said.messages] == [Lines(lines=lines)]
        assert (said.error, said.metadata, said.trailers) == (None, calls.metadata, calls.trailers)

    @pytest.mark.parametrize("form", STREAMED, ids=repr)
    async def test_both_streamed(self, address, form):
        lines = [Line(text="a" * 5000, number=number) for number in range(20)]
        _, said = await form.call(address, f"{SERVICE}/Talk", *lines)
        assert [form.read(data, Line) for data in said.messages] == lines

    @pytest.mark.parametrize("form", [STREAM_JSON, GRPC_WEB], ids=repr)
    async def test_messages_go_to_and_fro_while_the_request_is_under_way(self, address, form):
        async with connect(address) as connection:
            head = form.request(f"{SERVICE}/Talk", b"", "transfer-encoding: chunked").replace(
                b"content-length: 0\r\n", b""
            )
            await connection.send(head)
            for number in range(1, 4):
                part = form.body([form.write(Line(number=number))])
                await connection.send(b"%x\r\n%b\r\n" % (len(part), part))
                if number == 1:
                    answer = await connection.head()
                assert await connection.chunk() == part if form is GRPC_WEB else await connection.chunk()
            await connection.send(b"0\r\n\r\n")
            await connection.body(answer)
            assert form.said(answer).error is None

    @pytest.mark.parametrize("line", [Line(number=1), Line(), Line(code=5)], ids=["message", "none", "error"])
    @pytest.mark.parametrize("form", STREAMED, ids=repr)
    async def test_metadata_that_comes_with_the_first_message(self, calls, address, form, line):
        calls.late_metadata = {"x-late": "1"}
        _, said = await form.call(address, f"{SERVICE}/Count", line)
        assert said.metadata == calls.metadata | calls.late_metadata

    @pytest.mark.parametrize("form", [*UNARY, *STREAMED], ids=repr)
    async def test_a_client_that_waits_to_be_asked_for_the_body(self, address, form):
        name = "Say" if form in UNARY[:2] else "Collect"
        body = form.body([form.write(Line(number=1))])
        async with connect(address) as connection:
            whole = form.request(f"{SERVICE}/{name}", body, "expect: 100-continue")
            await connection.send(whole.removesuffix(body))
            assert (await connection.head()).status == 100
            await connection.send(body)
            assert form.said(await connection.response()).error is None

    @pytest.mark.parametrize("form", STREAMED, ids=repr)
    async def test_a_message_is_a_chunk_of_its_own(self, address, form):
        async with connect(address) as connection:
            await connection.send(form.request(f"{SERVICE}/Count", form.body([form.write(Line(number=2, wait=True))])))
            answer = await connection.head()
            assert answer.headers["x-accel-buffering"] == "no"
            assert await connection.chunk()
            assert await connection.chunk()


class TestErrors:
    @pytest.mark.parametrize("form", EACH, ids=repr)
    @pytest.mark.parametrize("code", range(1, 17))
    async def test_a_code_before_any_message(self, calls, address, form, code):
        _, said = await form.call(address, own(form), Line(code=code))
        assert said.error[0] == code
        assert said.error[1][0]["domain"] == "tollway.dev"
        assert said.trailers == calls.trailers
        assert said.metadata == ({} if code in HIDDEN else calls.metadata)

    @pytest.mark.parametrize("form", STREAMED, ids=repr)
    async def test_an_error_behind_messages(self, calls, address, form):
        _, said = await form.call(address, f"{SERVICE}/Count", Line(number=2, code=5))
        assert len(said.messages) == 2
        assert (said.error[0], said.metadata, said.trailers) == (5, calls.metadata, calls.trailers)

    @pytest.mark.parametrize("form", STREAMED, ids=repr)
    async def test_an_error_within_a_streamed_request(self, calls, address, form):
        _, said = await form.call(address, f"{SERVICE}/Collect", Line(), Line(code=9), Line())
        assert (said.messages, said.error[0], said.trailers) == ([], 9, calls.trailers)

    @pytest.mark.parametrize(
        ("form", "name"), [*((form, "Say") for form in UNARY), *((form, "Count") for form in STREAMED)], ids=str
    )
    @pytest.mark.parametrize("number", [0, 1])
    async def test_a_service_with_errors_of_its_own_has_them_as_a_detail(self, address, form, name, number):
        _, said = await form.call(address, f"/calls.v1.OwnWordsService/{name}", Line(number=number, code=5))
        assert said.error[0] == 5
        assert said.error[1][0]["@type"].endswith("ErrorInfo")
        assert said.error[1][-1]["contentType"] == "text/x-own"

    @pytest.mark.parametrize("form", EACH, ids=repr)
    async def test_metadata_of_an_error_that_cannot_be_sent_is_left_out(self, calls, address, form):
        calls.metadata, calls.trailers = {"x-a": "b\r\nc: d"}, {}
        _, said = await form.call(address, own(form), Line(code=5))
        assert (said.error[0], said.metadata) == (5, {})

    @pytest.mark.parametrize("form", EACH, ids=repr)
    async def test_what_cannot_be_sent_is_a_defect_with_one_answer(self, calls, address, form):
        calls.metadata, calls.trailers = {}, {"x-a": "b\r\nc: d"}
        answer, said = await form.call(address, own(form), Line(text="a"))
        if form in STREAMED[:2]:  # JSON has room for it.
            assert said.error is None
        else:
            assert said.error[0] == 13
            assert "c" not in answer.headers

    @pytest.mark.parametrize("form", [*CONNECT, *STREAMED], ids=repr)
    async def test_no_such_method(self, address, form):
        header = "connect-protocol-version: 1"
        answer, said = await form.exchange(address, f"{SERVICE}/Shout", b"", header)
        assert said.error[0] == 12
        assert said.error[1][0]["reason"] == "METHOD_NOT_FOUND"
        assert answer.status == (501 if form in CONNECT else 200)

    async def test_json_for_no_method_is_answered_as_anywhere_on_the_door(self, address):
        async with connect(address) as connection:
            await connection.send(CONNECT_JSON.request(f"{SERVICE}/Shout", b"{}"))
            answer = await connection.response()
        assert answer.status == 404
        assert b'"ROUTE_NOT_FOUND"' in answer.body


class TestMetadata:
    @pytest.mark.parametrize("form", UNARY, ids=repr)
    async def test_headers_are_metadata_but_for_those_of_the_protocols(self, calls, address, form):
        await form.call(
            address,
            f"{SERVICE}/Say",
            Line(),
            headers=(
                "authorization: Bearer k",
                "x-custom: 1",
                "x-custom: 2",
                "x-data-bin: AQ",
                "x-more-bin: AQ==, AQID",
                "connect-protocol-version: 1",
                "connect-session: a",
                "x-grpc-web: 1",
                "te: trailers",
                "grpc-accept-encoding: identity",
            ),
        )
        (call,) = calls.seen
        assert call.metadata["authorization"] == "Bearer k"
        assert call.metadata["x-custom"] == "1, 2"
        assert call.metadata["x-data-bin"] == "AQ=="
        assert call.metadata["x-more-bin"] == "AQ==, AQID"
        assert not [name for name in call.metadata if re.match("connect-|grpc-|x-grpc-web|te$", name)]
        assert (call.peer, call.method) == ("127.0.0.1", f"{SERVICE}/Say")
        assert call.door == ("connect" if form in CONNECT else "grpc-web")

    async def test_the_chain_is_the_same_as_over_grpc(self, calls):
        class Witness:
            name = "witness"
            stage = 0

            def __init__(self):
                self.ended = []

            def on_call(self, call):
                if call.metadata.get("authorization") != "Bearer k":
                    raise TollwayError(Reason.REASON_CREDENTIAL_INVALID)

            async def on_response(self, call, message):
                message.number += 1

            def on_end(self, call, error):
                self.ended.append(getattr(error, "reason", None))

        witness = Witness()
        async with serve(calls, Chain([witness])) as (_, address, grpc_address):
            async with grpc.aio.insecure_channel("{}:{}".format(*grpc_address)) as channel:
                say = channel.unary_unary(f"{SERVICE}/Say", response_deserializer=Line.FromString)
                answers = [await say(b"", metadata=[("authorization", "Bearer k")])]
            for form in UNARY:
                _, refused = await form.exchange(address, f"{SERVICE}/Say", b"garbage that nobody reads")
                _, said = await form.call(address, f"{SERVICE}/Say", Line(), headers=("authorization: Bearer k",))
                assert refused.error[0] == 16
                answers.append(form.read(said.messages[0], Line))
        assert [line.number for line in answers] == [1] * 6
        assert witness.ended == [None, *[Reason.REASON_CREDENTIAL_INVALID, None] * len(UNARY)]


TIMEOUTS = {
    **dict.fromkeys((*CONNECT, *STREAMED[:2]), "connect-timeout-ms: 100"),
    **dict.fromkeys((GRPC_WEB, GRPC_WEB_TEXT), "grpc-timeout: 100m"),
}


class TestEnds:
    @pytest.mark.parametrize("form", TIMEOUTS, ids=repr)
    async def test_the_deadline(self, calls, address, form):
        begin = time.monotonic()
        _, said = await form.call(address, own(form), Line(wait=True), headers=(TIMEOUTS[form],))
        assert said.error[0] == 4
        assert 0.1 <= time.monotonic() - begin < TIMEOUT
        await until(calls.cancelled)

    @pytest.mark.parametrize("form", TIMEOUTS, ids=repr)
    async def test_a_deadline_that_cannot_be_read(self, calls, address, form):
        for value in ("", "-1", "1.5", "99999999999", "canary"):
            header = TIMEOUTS[form].split(":")[0]
            answer, said = await form.call(address, own(form), Line(), headers=(f"{header}: {value}",))
            assert said.error[0] == 3
            assert b"canary" not in answer.body
        assert calls.seen == []

    @pytest.mark.parametrize("form", EACH, ids=repr)
    async def test_the_client_leaves(self, calls, address, form):
        async with connect(address) as connection:
            await connection.send(form.request(own(form), form.body([form.write(Line(wait=True))])))
            await until(calls.begun)
            await connection.abort()
        await until(calls.cancelled)

    @pytest.mark.parametrize("number", [0, 1])
    @pytest.mark.parametrize("form", EACH, ids=repr)
    async def test_the_gateway_stops(self, calls, form, number):
        async with serve(calls) as (door, address, _), connect(address) as connection:
            line = Line(number=number, wait=True)
            await connection.send(form.request(own(form), form.body([form.write(line)])))
            await until(calls.begun)
            stopping = asyncio.create_task(door.stop(0))
            answer = await connection.response()
            await stopping
        said = form.said(answer)
        assert len(said.messages) == (number if form in STREAMED[:2] else 0)
        assert (said.error[0], said.error[1][0]["reason"]) == (14, "SHUTTING_DOWN")

    @pytest.mark.parametrize("form", STREAMED, ids=repr)
    async def test_a_silent_stream_shows_its_head(self, calls, form):
        async with serve(calls, timeouts=PULSE) as (_, address, _), connect(address) as connection:
            await connection.send(form.request(f"{SERVICE}/Count", form.body([form.write(Line(wait=True))])))
            answer = await connection.head()
        assert answer.status == 200
        assert calls.metadata.items() <= answer.headers.items()
