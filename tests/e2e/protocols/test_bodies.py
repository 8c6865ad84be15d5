"""Bodies that are no messages, or too many, or too large: one answer in the protocol's form, which quotes nothing."""

from __future__ import annotations

import re
import struct
from base64 import b64encode

import pytest

from tests.apis.calls import MAX_BODY_BYTES, SERVICE, Line, serve
from tests.wire.http1 import connect, get
from tests.wire.rpc_http import (
    CONNECT_JSON,
    CONNECT_PROTO,
    GRPC_WEB,
    GRPC_WEB_JSON,
    GRPC_WEB_TEXT,
    STREAM_JSON,
    STREAM_PROTO,
    STREAMED,
    UNARY,
    enveloped,
)
from tollwayd.rpc.parsing import MAX_FIELDS

CANARY = b"canary-of-the-request"
MALFORMED, TOO_LARGE = (3, "REQUEST_MALFORMED"), (8, "BODY_TOO_LARGE")
NO_JSON = (3, "JSON_INVALID")
NO_PROTO = b"\x0a\x7f" + CANARY
"""A string that is longer than the message."""

FRAMED = {
    "a message that is none": (enveloped(NO_PROTO), MALFORMED),
    "compressed": (enveloped(CANARY, 1), MALFORMED),
    "marked as the end of a Connect stream": (enveloped(b"{}", 2), MALFORMED),
    "marked as trailers": (enveloped(b"grpc-status: 0\r\n", 0x80), MALFORMED),
    "every flag": (enveloped(CANARY, 0xFF), MALFORMED),
    "of 4 GiB": (struct.pack(">BI", 0, 0xFFFFFFFF) + CANARY, TOO_LARGE),
    "of 2 GiB": (struct.pack(">BI", 0, 0x80000000), TOO_LARGE),
    "one byte above the limit": (enveloped(b"\0" * (MAX_BODY_BYTES + 1)), TOO_LARGE),
    "cut within the length": (b"\0\0\0", MALFORMED),
    "cut within the message": (enveloped(CANARY)[:-1], MALFORMED),
    "cut within the next": (enveloped(b"") + b"\0\0", MALFORMED),
    "no envelope at all": (CANARY, MALFORMED),
}
BY_METHOD = {
    "Say": (GRPC_WEB, GRPC_WEB_TEXT),
    "Count": (STREAM_PROTO, GRPC_WEB),
    "Collect": (STREAM_PROTO, *STREAMED[2:]),
}


def reason(said):
    code, details, _ = said.error
    return code, details[0]["reason"]


async def refused(form, address, path, body, *headers):
    """The code and the reason of the one answer to the body."""
    async with connect(address) as connection:
        await connection.send(form.request(f"{SERVICE}/{path}", body, "x-a: canary-of-the-request", *headers))
        answer = await connection.response()
        await connection.send(get("/nothing", "connection: close"))
        rest = await connection.rest()
    assert rest.startswith(b"HTTP/1.1 404 ") or not rest, "one answer to one request"
    said = form.said(answer)
    told = answer.body + repr(answer.headers).encode() + repr(said).encode()
    assert CANARY not in told
    assert said.messages == []
    return reason(said)


@pytest.mark.parametrize("name", FRAMED)
@pytest.mark.parametrize("path", BY_METHOD)
async def test_what_is_no_message_in_an_envelope(address, path, name):
    body, expected = FRAMED[name]
    for form in BY_METHOD[path]:
        sent = b64encode(body) if form is GRPC_WEB_TEXT else body
        wanted = NO_JSON if form.json and name == "a message that is none" else expected
        assert await refused(form, address, path, sent) == wanted


@pytest.mark.parametrize(
    ("body", "expected"), [(b"", (12, "MESSAGE_MISSING")), (enveloped(b"") * 2, MALFORMED)], ids=["none", "two"]
)
@pytest.mark.parametrize(("form", "path"), [(GRPC_WEB, "Say"), (GRPC_WEB_TEXT, "Say"), (STREAM_JSON, "Count")])
async def test_a_method_that_takes_one_message_gets_no_other_number(calls, address, form, path, body, expected):
    sent = b64encode(body) if form is GRPC_WEB_TEXT else body
    assert await refused(form, address, path, sent) == expected
    assert calls.seen == []


@pytest.mark.parametrize(
    ("form", "body", "expected"),
    [
        (CONNECT_PROTO, NO_PROTO, MALFORMED),
        (CONNECT_JSON, b'{"text":"canary-of-the-request"', NO_JSON),
        (CONNECT_JSON, b"[]", NO_JSON),
        (CONNECT_JSON, b'{"number":"canary-of-the-request"}', (3, "FIELD_INVALID")),
        (CONNECT_JSON, b'{"nubmer":1}', (3, "FIELD_INVALID")),
        (CONNECT_PROTO, b"\0" * (MAX_BODY_BYTES + 1), TOO_LARGE),
        (CONNECT_JSON, b" " * (MAX_BODY_BYTES + 1), TOO_LARGE),
        (GRPC_WEB_JSON, enveloped(b"{"), NO_JSON),
        (GRPC_WEB_TEXT, b"canary-of-the-request", MALFORMED),
        (GRPC_WEB_TEXT, b"AAAA\nAAA=", MALFORMED),
        (GRPC_WEB_TEXT, b"AAAAAA=", MALFORMED),
        (GRPC_WEB_TEXT, b"AA==AAAA", MALFORMED),
        (GRPC_WEB_TEXT, b"====", MALFORMED),
        (GRPC_WEB_TEXT, b"A" * (MAX_BODY_BYTES * 2), TOO_LARGE),
    ],
)
async def test_what_is_no_message_for_a_unary_method(calls, address, form, body, expected):
    assert await refused(form, address, "Say", body) == expected


@pytest.mark.parametrize("body", [b"AAAAAAA=AAAA", b"canary", b"AAAAA", b"AAAAAAA=A", b"A=", b"AA=A"])
async def test_text_that_is_no_base64_within_a_stream_of_requests(address, body):
    assert await refused(GRPC_WEB_TEXT, address, "Collect", body) == MALFORMED


HEAD_OF_TEXT = GRPC_WEB_TEXT.request(f"{SERVICE}/Talk", b"", "transfer-encoding: chunked").replace(
    b"content-length: 0\r\n", b""
)


def chunk(text: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(text), text)


@pytest.mark.parametrize("size", [1, 3, 5, 64])
async def test_text_may_come_in_pieces_cut_anywhere(address, size):
    lines = [Line(text="a", number=number) for number in range(1, 6)]
    text = GRPC_WEB_TEXT.body([line.SerializeToString() for line in lines])
    async with connect(address) as connection:
        await connection.send(HEAD_OF_TEXT)
        for start in range(0, len(text), size):
            await connection.send(chunk(text[start : start + size]))
        await connection.send(b"0\r\n\r\n")
        said = GRPC_WEB_TEXT.said(await connection.response())
    assert [Line.FromString(data) for data in said.messages] == lines


async def test_text_ends_with_its_padding_however_it_is_cut(address):
    text = b64encode(enveloped(b""))
    assert text.endswith(b"=")
    async with connect(address) as connection:
        await connection.send(HEAD_OF_TEXT + chunk(text))
        answer = await connection.head()
        assert await connection.chunk() == text
        await connection.send(chunk(text) + b"0\r\n\r\n")
        await connection.body(answer)
    assert reason(GRPC_WEB_TEXT.said(answer)) == MALFORMED


@pytest.mark.parametrize("form", [*UNARY, *STREAMED[:2]], ids=repr)
async def test_the_largest_message_passes_and_one_byte_more_does_not(address, form):
    path = "Say" if form in UNARY else "Count"
    fits = MAX_BODY_BYTES - len(form.write(Line(text="a" * 20_000))) + 20_000
    _, said = await form.call(address, f"{SERVICE}/{path}", Line(text="a" * fits))
    assert said.error is None
    assert await refused(form, address, path, form.body([form.write(Line(text="a" * (fits + 1)))])) == TOO_LARGE


OF_MANY_FIELDS = [
    *[(form, "Say") for form in (CONNECT_PROTO, GRPC_WEB, GRPC_WEB_TEXT)],
    *[(form, path) for form in (STREAM_PROTO, GRPC_WEB) for path in ("Count", "Collect")],
]


@pytest.mark.parametrize(("form", "path"), OF_MANY_FIELDS)
async def test_a_message_of_more_fields_than_anybody_sends(calls, form, path):
    unknown = b"\x98\x06\x01"
    async with serve(calls, max_body_bytes=4 * MAX_FIELDS) as (_, address, _):
        _, said = await form.exchange(address, f"{SERVICE}/{path}", form.body([unknown * MAX_FIELDS]))
        assert said.error is None
        _, said = await form.exchange(address, f"{SERVICE}/{path}", form.body([unknown * (MAX_FIELDS + 1)]))
    assert reason(said) == TOO_LARGE
    assert said.error[2] == f"The message has more than {MAX_FIELDS} fields."


@pytest.mark.parametrize("form", STREAMED, ids=repr)
async def test_a_stream_of_requests_may_be_longer_than_a_message(address, form):
    lines = [Line(text="a" * 20_000, number=number) for number in range(8)]
    _, said = await form.call(address, f"{SERVICE}/Talk", *lines)
    assert (len(said.messages), said.error) == (8, None)


@pytest.mark.parametrize("form", [*UNARY, *STREAMED], ids=repr)
async def test_a_body_that_stops_coming(address, form):
    path = "Say" if form in UNARY else "Collect"
    async with connect(address) as connection:
        await connection.send(
            form.request(f"{SERVICE}/{path}", b"").replace(b"content-length: 0", b"content-length: 99")
        )
        answer = await connection.response()
    assert reason(form.said(answer)) == (4, "REQUEST_TIMEOUT")


@pytest.mark.parametrize("form", STREAMED, ids=repr)
async def test_an_answer_before_the_last_message_says_that_the_connection_ends(calls, address, form):
    calls.patient = False
    async with connect(address) as connection:
        begun = form.request(f"{SERVICE}/Collect", form.body([form.write(Line(text="a"))]))
        await connection.send(re.sub(rb"content-length: \d+", b"content-length: 999", begun))
        answer = await connection.response()
    assert (form.said(answer).error, answer.headers.get("connection")) == (None, "close")


ENCODINGS = {
    CONNECT_PROTO: ("content-encoding",),
    CONNECT_JSON: ("content-encoding",),
    STREAM_PROTO: ("connect-content-encoding", "content-encoding"),
    STREAM_JSON: ("connect-content-encoding", "content-encoding"),
    GRPC_WEB: ("grpc-encoding", "content-encoding"),
    GRPC_WEB_TEXT: ("grpc-encoding", "content-encoding"),
}


@pytest.mark.parametrize("form", ENCODINGS, ids=repr)
async def test_compression_is_not_taken_and_its_refusal_names_what_is(calls, address, form):
    path = "Say" if form in UNARY else "Count"
    body = form.body([form.write(Line())])
    for header in ENCODINGS[form]:
        assert await refused(form, address, path, body, f"{header}: gzip") == (12, "ENCODING_UNSUPPORTED")
        answer, said = await form.exchange(address, f"{SERVICE}/{path}", body, f"{header}: canary-of-the-request")
        assert "identity" in said.error[2]
        assert answer.headers.get("grpc-accept-encoding") == ("identity" if form in ENCODED_BY_GRPC else None)
        assert calls.seen == []
        _, said = await form.exchange(address, f"{SERVICE}/{path}", body, f"{header}: identity")
        assert said.error is None
        calls.seen.clear()


ENCODED_BY_GRPC = (GRPC_WEB, GRPC_WEB_TEXT)
