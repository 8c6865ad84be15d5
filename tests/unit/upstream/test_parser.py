from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.upstream.limits import Limits
from tollwayd.upstream.parser import AnswerParser

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIMITS = Limits(head_bytes=1000, head_fields=10)

ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Length: 11\r\n\r\nhello world",
    "chunks": (
        b"HTTP/1.1 200 OK\r\nContent-Type: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nX-Trailer: z\r\n\r\n"
    ),
    "interim": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Type: b\r\nLink: </x>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Length: 11\r\n\r\nhello world"
    ),
}


class Sink:
    """Where a parser writes one answer."""

    def __init__(self) -> None:
        self.heads: list[tuple[int, Mapping[bytes, bytes]]] = []
        self.body = b""

    def head_arrived(self, status: int, fields: Sequence[bytes]) -> None:
        self.heads.append(
            (status, {name.lower(): value for name, value in zip(fields[::2], fields[1::2], strict=True)})
        )

    def body_arrived(self, pieces: list[bytes]) -> None:
        self.body += b"".join(pieces)


def parse(*parts: bytes) -> tuple[AnswerParser, Sink]:
    parser, sink = AnswerParser(LIMITS), Sink()
    parser.expect(sink)  # type: ignore[arg-type]
    for part in parts:
        read(parser, sink, part)
    return parser, sink


def read(parser: AnswerParser, sink: Sink, part: bytes) -> bool:
    """As a connection does; whether it was a chunk and nothing else."""
    if parser.between_chunks and (piece := parser.chunk_in(part)):
        sink.body += piece
        return True
    parser.feed(part)
    return False


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_the_same_however_the_network_splits_it(answer: bytes) -> None:
    for cut in range(1, len(answer)):
        parser, sink = parse(answer[:cut], answer[cut:])
        assert parser.complete
        assert parser.keep_alive
        assert [status for status, _ in sink.heads] == [200]
        assert sink.heads[0][1][b"content-type"] == b"a"
        assert not {b"x-trailer", b"link"} & set(sink.heads[0][1])
        assert sink.body == b"hello world"
    assert parse(*(bytes([byte]) for byte in answer))[1].body == b"hello world"


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_no_beginning_of_an_answer_is_a_whole_one(answer: bytes) -> None:
    for cut in range(len(answer)):
        parser, _ = parse(answer[:cut])
        assert not parser.complete
        assert not parser.until_close


@pytest.mark.parametrize("after", [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"garbage", b"\0"])
def test_what_follows_an_answer_is_not_read_and_ends_the_connection(after: bytes) -> None:
    parser, sink = parse(ANSWERS["length"] + after)
    assert parser.complete
    assert not parser.keep_alive
    assert len(sink.heads) == 1
    assert sink.body == b"hello world"


@pytest.mark.parametrize(
    ("answer", "keep_alive", "until_close"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", True, True),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", True, False),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", False, False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", False, False),
        (b"HTTP/1.1 302 Found\r\nlocation: http://other/\r\ncontent-length: 0\r\n\r\n", True, False),
    ],
)
def test_whether_another_answer_may_follow(answer: bytes, keep_alive: bool, until_close: bool) -> None:
    parser, _ = parse(answer)
    assert parser.complete
    assert (parser.keep_alive, parser.until_close) == (keep_alive, until_close)


def test_only_the_name_itself_is_a_length() -> None:
    parser, _ = parse(b"HTTP/1.1 200 OK\r\nX-Content-Length: 1\r\nContent-Length-Of: 1\r\n\r\nx")
    assert parser.until_close
    assert not parser.complete


def test_headers_about_other_encodings_change_nothing() -> None:
    parser, sink = parse(b"HTTP/1.1 200 OK\r\nAccept-Encoding: gzip\r\nCONTENT-LENGTH: 1\r\n\r\nx")
    assert parser.complete
    assert not parser.until_close
    assert sink.body == b"x"


@pytest.mark.parametrize(
    "head",
    [
        b"<html><body>Bad gateway</body></html>",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"HTTP/3.0 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 099 Low\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\nPRI",
        b"HTTP/1.1 200 OK\ncontent-length: 1\n\nx",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\ncontent-length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nx : 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx,content-length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\r\n folded\r\n\r\n",
    ],
)
def test_an_answer_that_is_not_http_is_unreadable(head: bytes) -> None:
    for parts in ([head], [bytes([byte]) for byte in head]):
        with pytest.raises(TollwayError) as caught:
            parse(*parts)
        assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID


def test_a_head_has_as_many_fields_as_the_limit_says() -> None:
    head = b"HTTP/1.1 204 OK\r\n" + b"x: y\r\n" * LIMITS.head_fields
    assert parse(head + b"\r\n")[0].complete
    with pytest.raises(TollwayError, match="too large"):
        parse(head + b"x: y\r\n\r\n")


def test_a_head_is_as_large_as_the_limit_says() -> None:
    value = b"y" * (LIMITS.head_bytes - 1)
    assert parse(b"HTTP/1.1 204 OK\r\nx: " + value + b"\r\n\r\n")[0].complete
    with pytest.raises(TollwayError, match="too large"):
        parse(b"HTTP/1.1 204 OK\r\nx: " + value + b"y\r\n\r\n")


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 ",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nx: ",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;x=",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: ",
    ],
    ids=["nothing", "reason", "name", "value", "chunk-extension", "trailer"],
)
def test_no_line_goes_on_for_ever(start: bytes) -> None:
    # What comes before a status line may only be line ends.
    endless = b"\r\n" * 50 if not start else b"a" * 100
    with pytest.raises(TollwayError, match="too large"):
        parse(start, *[endless] * 21)


def test_interim_answers_do_not_go_on_for_ever() -> None:
    with pytest.raises(TollwayError, match="too large"):
        parse(*[b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"] * 11)


@given(st.binary(max_size=200), st.sampled_from(list(ANSWERS.values())), st.data())
def test_no_bytes_fail_otherwise_than_as_unreadable(noise: bytes, answer: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(answer)))
    with suppress(TollwayError):
        parse(answer[:at], noise, answer[at:])


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _in_chunks() -> tuple[AnswerParser, Sink]:
    return parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + _chunk(b"a"))


def test_a_chunk_that_comes_by_itself_is_known_without_being_parsed() -> None:
    parser, sink = _in_chunks()
    assert [read(parser, sink, _chunk(b"b" * size)) for size in (1, 15, 16, 4096, 200_000)] == [True] * 5
    assert not read(parser, sink, b"0\r\n\r\n")
    assert parser.complete
    assert parser.keep_alive
    assert sink.body == b"a" + b"b" * (1 + 15 + 16 + 4096 + 200_000)


@pytest.mark.parametrize("part", [b"3", b"3\r", b"3\r\n", b"3\r\nab", b"3\r\nabc", b"3\r\nabc\r", b"1;x=y\r\n"])
def test_what_looks_like_a_chunk_within_one_is_none(part: bytes) -> None:
    parser, sink = _in_chunks()
    read(parser, sink, b"22\r\n")
    assert not read(parser, sink, _chunk(b"c" * 28))
    read(parser, sink, b"\r\n" + part)
    with suppress(TollwayError):
        assert not read(parser, sink, _chunk(b"no chunk begins here"))
    assert sink.body.startswith(b"a" + _chunk(b"c" * 28))


@pytest.mark.parametrize(
    "bad",
    [
        b"-2\r\n",
        b"-1\r\n\n",
        b"+1\r\nx\r\n",
        b"1_0\r\n%b\r\n" % (b"x" * 16),
        b" 1\r\nx\r\n",
        b"0x1\r\nx\r\n",
        b"2\r\nx\r\n",
        b"1\nx\r\n",
    ],
)
def test_what_is_almost_a_chunk_is_none(bad: bytes) -> None:
    parser, sink = _in_chunks()
    with pytest.raises(TollwayError) as caught:
        _ = [read(parser, sink, part) for part in (bad, b"0\r\n\r\n")]
    assert caught.value.reason == Reason.REASON_UPSTREAM_INVALID


@pytest.mark.parametrize("size", [b"A", b"0a", b"a;x=y"])
def test_a_size_may_be_written_otherwise(size: bytes) -> None:
    parser, sink = _in_chunks()
    assert not read(parser, sink, size + b"\r\n0123456789\r\n")
    assert read(parser, sink, _chunk(b"b"))
    assert sink.body == b"a0123456789b"


@given(
    st.lists(st.binary(min_size=1, max_size=40) | st.sampled_from([b"\r\n", b"1\r\na\r\n", b"0\r\n\r\n"])), st.data()
)
def test_chunks_are_the_same_however_they_come(pieces: list[bytes], data: st.DataObject) -> None:
    answer = b"".join(map(_chunk, pieces)) + b"0\r\n\r\n"
    cuts = sorted(data.draw(st.sets(st.integers(0, len(answer)))))
    parser, sink = _in_chunks()
    for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True):
        read(parser, sink, answer[start:end])
    assert parser.complete
    assert sink.body == b"a" + b"".join(pieces)
