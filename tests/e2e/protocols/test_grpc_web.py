"""What gRPC-Web alone has: text for those who ask for it, and errors that are all head."""

from __future__ import annotations

import pytest

from tests.apis.calls import SERVICE, Line
from tests.wire.http1 import connect, request
from tests.wire.rpc_http import GRPC_WEB, GRPC_WEB_TEXT

TEXT, BINARY = "application/grpc-web-text+proto", "application/grpc-web+proto"


@pytest.mark.parametrize(
    ("form", "accept", "answers"),
    [
        (GRPC_WEB, "*/*", GRPC_WEB),
        (GRPC_WEB, "application/grpc-web+proto", GRPC_WEB),
        (GRPC_WEB, "application/grpc-web-text", GRPC_WEB_TEXT),
        (GRPC_WEB_TEXT, "application/json", GRPC_WEB_TEXT),
        (GRPC_WEB_TEXT, "application/grpc-web-text", GRPC_WEB_TEXT),
        (GRPC_WEB_TEXT, "application/grpc-web", GRPC_WEB),
    ],
)
async def test_an_answer_is_text_where_that_is_asked_for(address, form, accept, answers):
    body = form.body([Line(number=2).SerializeToString()])
    async with connect(address) as connection:
        await connection.send(form.request(f"{SERVICE}/Count", body, f"accept: {accept}"))
        answer = await connection.response()
    assert answer.headers["content-type"] == (TEXT if answers is GRPC_WEB_TEXT else BINARY)
    assert len(answers.said(answer).messages) == 2


@pytest.mark.parametrize("subtype", ["", "+proto"])
@pytest.mark.parametrize("base", ["application/grpc-web", "application/grpc-web-text"])
async def test_proto_is_what_a_type_without_a_suffix_means(address, base, subtype):
    form = GRPC_WEB_TEXT if base.endswith("text") else GRPC_WEB
    sent = request(
        "POST", f"{SERVICE}/Say", f"content-type: {base}{subtype}", body=form.body([Line(number=1).SerializeToString()])
    )
    async with connect(address) as connection:
        await connection.send(sent)
        answer = await connection.response()
    assert answer.headers["content-type"] == f"{base}+proto"
    assert form.said(answer).messages == [Line(number=1).SerializeToString()]


@pytest.mark.parametrize("form", [GRPC_WEB, GRPC_WEB_TEXT], ids=repr)
async def test_an_error_without_metadata_and_messages_stands_in_the_head(calls, address, form):
    calls.metadata = {}
    answer, said = await form.call(address, f"{SERVICE}/Say", Line(code=5))
    assert (answer.status, answer.headers["content-length"], answer.headers["grpc-status"]) == (200, "0", "5")
    assert said.trailers == calls.trailers


async def test_signs_in_the_message_of_an_error_are_percent_encoded(calls, address):
    calls.metadata = {}
    answer, said = await GRPC_WEB.call(address, f"{SERVICE}/Say", Line(code=5, text='é\n"%20'))
    assert answer.headers["grpc-message"] == '%C3%A9%0A"%2520'
    assert said.error[2] == 'é\n"%20'
