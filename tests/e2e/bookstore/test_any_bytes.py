"""Any bytes on a connection, cut anywhere: an answer to each request, one to what is none, and then the end."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.apis.bookstore import Bookstore, serve
from tests.wire.http1 import TIMEOUT, connect
from tollwayd.translator.limits import Timeouts

CASES, AT_ONCE = 320, 80
# Client and server share a loop, which the rest of a run can hold up: an idle time that is over meanwhile is a reset.
QUICK = Timeouts(head=0.5, idle=1.5, body_grace=0.5, body=0.5)
CANARY = b"canary-of-the-request"
HEAD = b" HTTP/1.1\r\nHost: test\r\nX-A: " + CANARY + b"\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def sound(number: int) -> list[bytes]:
    """Requests that are answered with 200 and this number."""
    text = b"%d" % number
    length = b"Content-Length: %d\r\n" % len(text)
    chunks = b"".join(b"1\r\n%c\r\n" % digit for digit in text) + b"0\r\n"
    return [
        b"GET /v1/books/" + text + HEAD + b"\r\n",
        b"GET /v1/books/" + text + HEAD + b"Connection: keep-alive, X-A\r\nUpgrade: h2c\r\n\r\n",
        b"\r\nGET http://test/v1/books/" + text + HEAD + b"\r\n",
        b"POST /kiosk/buy" + HEAD + length + b"\r\n" + text,
        b"POST /kiosk/buy" + HEAD + CHUNKED + b"\r\n" + chunks + b"\r\n",
        b"POST /kiosk/buy" + HEAD + CHUNKED + b"\r\n" + chunks + b"X-Trailer: " + CANARY + b"\r\n\r\n",
        b"POST /kiosk/buy" + HEAD + length + b"Expect: 100-continue\r\n\r\n" + text,
    ]


def answers_to(number: int) -> tuple[bytes, ...]:
    """What such a request may be answered with."""
    return b'{"name":"isbn/%d"}' % number, b"sold: %d" % number


PIECES = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b":",
        b" ",
        b"\t",
        b"/",
        b"%",
        b"\xff",
        b"0",
        b"-1",
        b"0x",
        b";a=b",
        b"*",
        b"\r\n\r\n",
    ),
    *(b"HTTP/1.0", b"HTTP/2.0", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"Host: other\r\n", b"Content-Length: 3\r\n"),
    *(b"Content-Length: 99\r\n", CHUNKED, b"Transfer-Encoding: gzip\r\n", b"Connection: close\r\n", b"PUT"),
    *(b"a" * 9000, b"A: b\r\n" * 200, b"ffffffffffffffffff\r\n"),
)


def broken(dice: random.Random, data: bytes) -> bytes:
    """The request with one to three changes."""
    for _ in range(dice.randint(1, 3)):
        start = dice.randrange(len(data) + 1)
        end = min(len(data), start + dice.choice([0, 0, 1, 2, 20]))
        new = dice.choice([dice.choice(PIECES), data[start:end] * 2, dice.randbytes(2), b""])
        data = data[:start] + new + data[end:]
    return data


def cut(dice: random.Random, data: bytes) -> list[bytes]:
    """The bytes in up to six parts."""
    places = sorted(dice.randrange(len(data) + 1) for _ in range(dice.randint(0, 5)))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


async def told(address, parts: list[bytes]) -> tuple[bytes, bool]:
    """All that the server says until it closes the connection, and whether that was a reset: then some may be lost."""
    said = b""
    async with connect(address) as connection:
        try:
            for part in parts:
                await connection.send(part)
                await asyncio.sleep(0)  # Client and server share a loop: it reads each part by itself.
            while more := await asyncio.wait_for(connection.reader.read(65536), TIMEOUT):
                said += more
        except ConnectionError:
            return said, True
    return said, False


def answers(said: bytes) -> list[tuple[int, bytes]]:
    """The statuses and bodies of final answers; all of it has to be answers, and whole."""
    found = []
    while said:
        head, end, said = said.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        assert end
        assert first.startswith(b"HTTP/1.1 ")
        headers = dict(line.lower().split(b": ", 1) for line in lines)
        length = int(headers.get(b"content-length", b"0"))
        if first != b"HTTP/1.1 100 Continue":
            assert headers[b"x-request-id"]
            found.append((int(first.split()[1]), said[:length]))
        assert len(said) >= length
        said = said[length:]
    return found


async def case(address, seed: str) -> None:
    dice = random.Random(seed)
    whole = [dice.choice(sound(number)) for number in range(1, dice.randint(1, 4))]
    rest = [broken(dice, dice.choice(sound(7)))] * dice.choice([0, 1, 1]) + [dice.choice(sound(8))] * dice.choice(
        [0, 1]
    )
    if len(rest) == 1 and rest[0] in sound(8):
        whole, rest = [*whole, dice.choice(sound(len(whole) + 1))], []
    said, reset = await told(address, cut(dice, b"".join(whole + rest)))
    found = answers(said)
    kept = 0
    while kept < min(len(found), len(whole)) and found[kept][0] == 200:
        kept += 1
        assert found[kept - 1][1] in answers_to(kept), (found, whole)
    if not rest:
        assert not reset
        assert len(found) == kept == len(whole), (found, whole)
    # aiohttp's parser throws away what came in one piece with something malformed, the lean listener's a request that
    # said that it was the last and is not. No method has seen them then.
    elif kept < len(whole) and not reset:
        assert len(found) == kept + 1, (found, whole, rest)
    # What is broken may be several requests for a server: each of their heads has an end.
    assert len(found) <= b"".join(whole + rest).count(b"\n\r\n") + 1
    for status, body in found[kept:]:
        assert status == 200 or 400 <= status < 500 or status in {501, 505}, (found, rest)
        assert status == 200 or CANARY not in body


@pytest.fixture
async def address():
    async with serve(Bookstore(), timeouts=QUICK, print_unset=False) as (_, address):
        yield address


async def test_any_bytes(address):
    seed = random.SystemRandom().randrange(2**32)
    for start in range(0, CASES, AT_ONCE):
        seeds = [f"{seed}-{number}" for number in range(start, start + AT_ONCE)]
        results = await asyncio.gather(*(case(address, each) for each in seeds), return_exceptions=True)
        for each, result in zip(seeds, results, strict=True):
            if result is not None:
                raise AssertionError(f"the case of the seed {each!r}") from result
