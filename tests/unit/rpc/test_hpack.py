"""Header blocks, by the examples of RFC 7541, appendix C, and by what a hostile client would send."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwayd.rpc.listeners.lean import huffman
from tollwayd.rpc.listeners.lean.hpack import Decoder, TooLarge, encode

REQUEST = [(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"www.example.com")]
NO_CACHE = [*REQUEST, (b"cache-control", b"no-cache")]
CUSTOM = [
    (b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/index.html"), (b":authority", b"www.example.com"),
    (b"custom-key", b"custom-value"),
]  # fmt: skip

PLAIN = (
    "828684410f7777772e6578616d706c652e636f6d",
    "828684be58086e6f2d6361636865",
    "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
)
CODED = (
    "828684418cf1e3c2e5f23a6ba0ab90f4ff",
    "828684be5886a8eb10649cbf",
    "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
)

ANSWERS = (
    "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
    "4883640effc1c0bf",
    (
        "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672"
        "c1ab270fb5291f9587316065c003ed4ee5b1063d5007"
    ),
)
"""Appendix C.6, of a table of 256 bytes: fields are evicted."""

LAST_ANSWER = [
    (b":status", b"200"),
    (b"cache-control", b"private"),
    (b"date", b"Mon, 21 Oct 2013 20:13:22 GMT"),
    (b"location", b"https://www.example.com"),
    (b"content-encoding", b"gzip"),
    (b"set-cookie", b"foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"),
]

TABLE_OF_256 = bytes.fromhex("3fe101")
MOST = 16 * 1024


@pytest.mark.parametrize("blocks", [PLAIN, CODED])
def test_requests_of_one_connection(blocks):
    decoder = Decoder(MOST)
    assert [decoder.decode(bytes.fromhex(block)) for block in blocks] == [REQUEST, NO_CACHE, CUSTOM]


def test_a_small_table_forgets_what_it_has_no_room_for():
    decoder = Decoder(MOST)
    first, second, third = map(bytes.fromhex, ANSWERS)
    decoder.decode(TABLE_OF_256 + first)
    decoder.decode(second)
    assert decoder.decode(third) == LAST_ANSWER


def test_a_table_that_is_given_up_leaves_blocks_that_stand_alone():
    decoder = Decoder(MOST)
    decoder.decode(bytes.fromhex(CODED[0]))
    assert not decoder.stateless
    decoder.decode(b"\x20\x82")
    assert decoder.stateless
    with pytest.raises(ValueError, match="no such field"):
        decoder.decode(b"\xbe")


@pytest.mark.parametrize(
    "block",
    [
        b"\x80", b"\xff\xff\xff\xff\xff\xff", b"\xc6", b"\x40", b"\x00\x05ab", b"\x00\x01a", b"\x7f", b"\x82\x20",
        b"\x3f\xe2\x1f", b"\x00\x81\xff\x00", b"\x00\x01a\x82\xff\xff",
    ],
)  # fmt: skip
def test_what_is_no_block_is_refused(block):
    with pytest.raises(ValueError):  # noqa: PT011 - whichever.
        Decoder(MOST).decode(block)


def test_fields_are_bounded_and_the_table_is_kept_right():
    decoder = Decoder(64)
    block = b"\x40\x03x-a" + b"\x7f\x81\x01" + b"v" * 256
    with pytest.raises(TooLarge):
        decoder.decode(block)
    with pytest.raises(TooLarge):
        decoder.decode(b"\xbe")
    assert decoder.decode(b"\x82") == [(b":method", b"GET")]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_block_or_are_refused(block):
    with contextlib.suppress(ValueError, TooLarge):
        Decoder(MOST).decode(block)


@given(st.lists(st.tuples(st.from_regex(r"\A[a-z-]{1,200}\Z"), st.binary(max_size=300))))
def test_what_is_written_is_read(fields):
    assert Decoder(10**9).decode(encode(fields)) == [(name.encode(), value) for name, value in fields]


def test_long_values_are_read_again():
    for size in (0, 126, 127, 254, 255, 16_510, 16_511, 100_000):
        assert Decoder(10**9).decode(encode([("a", b"x" * size)])) == [(b"a", b"x" * size)]


@pytest.mark.parametrize("coded", [b"\xff\xff\xff\xff", b"\x00", b"\x1f\xff"])
def test_text_that_ends_in_anything_but_padding_is_refused(coded):
    with pytest.raises(ValueError, match="Huffman"):
        huffman.decode(coded)
