from __future__ import annotations

import pytest

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.origin import Origin
from tollwayd.upstream.request import MAX_HEAD_BYTES, framed, header_lines, request_head

ORIGIN = Origin("https", "api.example.com", 443)


def test_a_head_names_the_host_and_asks_for_plain_bytes() -> None:
    head = request_head(
        "POST", ORIGIN, "/v1/chat?x=1", [("authorization", "Bearer k"), ("x-title", "Caf\xe9\tau lait")]
    )
    line, *fields = head.decode("latin-1").split("\r\n")
    assert line == "POST /v1/chat?x=1 HTTP/1.1"
    assert fields[:2] == ["host: api.example.com", "accept-encoding: identity"]
    assert fields[2].startswith("user-agent: tollway/")
    assert fields[3:] == ["authorization: Bearer k", "x-title: Caf\xe9\tau lait", ""]


@pytest.mark.parametrize(
    "bad", ["\r", "\n", "\r\n", "\0", "\x0b", "\x7f", "\r\nx-evil: 1", "\n\nGET / HTTP/1.1", "\u20ac"]
)
def test_no_value_can_become_a_header_of_its_own(bad: str) -> None:
    for headers in ([("x-key", f"a{bad}b")], [("x-key", bad)], [(f"x{bad}y", "a")]):
        with pytest.raises(TollwayError) as caught:
            request_head("POST", ORIGIN, "/", headers)
        assert caught.value.reason == Reason.REASON_REQUEST_MALFORMED
        with pytest.raises(TollwayError):
            header_lines(headers)


@pytest.mark.parametrize("name", ["", "a b", "a:", "a:b", "é", "(x)", "x\t"])
def test_a_header_name_is_a_token(name: str) -> None:
    with pytest.raises(TollwayError):
        header_lines([(name, "a")])


@pytest.mark.parametrize("path", ["", "v1", "/a b", "/a HTTP/1.1\r\nx: y", "/\n", "/é", "/\x00", "http://other/"])
def test_a_path_stays_in_its_line(path: str) -> None:
    with pytest.raises(TollwayError):
        request_head("GET", ORIGIN, path, [])


@pytest.mark.parametrize("method", ["", "get", "GET /x", "GET\r\n", "POST "])
def test_a_method_is_a_word(method: str) -> None:
    with pytest.raises(TollwayError):
        request_head(method, ORIGIN, "/", [])


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Transfer-Encoding", "connection", "upgrade", "expect", "accept-encoding", "te"]
)
def test_framing_is_the_clients_own(name: str) -> None:
    with pytest.raises(TollwayError):
        request_head("POST", ORIGIN, "/", [(name, "1")])


def test_a_head_has_a_size() -> None:
    room = MAX_HEAD_BYTES - len(request_head("POST", ORIGIN, "/", [("x", "")]))
    assert len(request_head("POST", ORIGIN, "/", [("x", "a" * room)])) == MAX_HEAD_BYTES
    with pytest.raises(TollwayError):
        request_head("POST", ORIGIN, "/", [("x", "a" * (room + 1))])


def test_a_refusal_does_not_repeat_the_credential() -> None:
    with pytest.raises(TollwayError) as caught:
        request_head("POST", ORIGIN, "/", [("authorization", "Bearer canary\n")])
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("head", "length", "end"),
    [
        (b"POST / HTTP/1.1\r\n", 0, b"content-length: 0\r\n\r\n"),
        (b"POST / HTTP/1.1\r\n", 12, b"content-length: 12\r\n\r\n"),
        (b"PUT / HTTP/1.1\r\n", 3, b"content-length: 3\r\n\r\n"),
        (b"GET / HTTP/1.1\r\n", 0, b"\r\n"),
    ],
)
def test_the_length_is_told_where_there_may_be_a_body(head: bytes, length: int, end: bytes) -> None:
    assert framed(head, length) == head + end
