"""Which content coding an Accept-Encoding asks for (RFC 9110, section 12.5.3)."""

from __future__ import annotations

import gzip
import json
import random

import pytest

from tests.wire.decoded import CODINGS, decoded, decoder
from tollwayd.translator.answers import codings
from tollwayd.translator.answers.encoding import chosen

BY_NAME = {coding.name: coding for coding in codings.CODINGS}
CHEAPEST = codings.CODINGS[0].name


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate, gzip;q=1.0, *;q=0.5", "gzip"),
        ("gzip, deflate, br, zstd", CHEAPEST),
        ("*", "gzip"),
        ("*;q=0.1", "gzip"),
        ("identity;q=0.5, *;q=0.1", None),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity, gzip;q=0.9", None),
        ("identity;q=0", None),
        ("*;q=0", None),
        ("gzip;q=0", None),
        ("gzip;q=0.000", None),
        ("gzip;q=0, *", None),
        ("gzip ; q=0.5", "gzip"),
        ("gzip\t;\tQ=0.001", "gzip"),
        (" , gzip,,", "gzip"),
        ("gzip;q=2", None),
        ("gzip;q=0.0001", None),
        ("gzip;q=-1", None),
        ("gzip;q=", None),
        ("gzip;level=9", None),
        ("gzip q=1", None),
        ("gz ip", None),
        ("deflate", None),
        ("compress, x-compress", None),
        ("", None),
        (",", None),
        ("\x80", None),
    ],
)
def test_the_coding_that_is_asked_for(accept, name):
    found = chosen(accept)
    assert (found and found.name) == name


@pytest.mark.parametrize("coding", CODINGS)
def test_a_weight_counts_before_the_price(coding):
    others = ", ".join(f"{name};q=0.9" for name in BY_NAME if name != coding)
    assert chosen(f"{others}, {coding}").name == coding


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("size", [1, 1024, 100_000, 5_000_000])
def test_a_whole_body(coding, size):
    body = (json.dumps({"title": "All roads lead to Rome. " * 10}).encode() * (size // 200 + 1))[:size]
    encoded = BY_NAME[coding].whole(body)
    assert decoded(coding, encoded) == body
    assert size < 1000 or len(encoded) < size / 2


@pytest.mark.parametrize("coding", CODINGS)
def test_each_part_can_be_read_before_the_next_is_made(coding):
    dice = random.Random(7)
    compressor, decode = BY_NAME[coding].compressor(), decoder(coding)
    for number in range(1000):
        body = b"data: %d %b\n\n" % (
            number,
            dice.randbytes(dice.choice([1, 30, 300])) + b"x" * dice.choice([0, 70_000]),
        )
        assert decode(compressor.part(body)) == body
    assert decode(compressor.end()) == b""


def test_a_gzip_body_says_nothing_of_the_time_and_the_machine():
    assert BY_NAME["gzip"].whole(b"a")[4:8] == bytes(4)
    assert gzip.decompress(BY_NAME["gzip"].whole(b"a")) == b"a"
