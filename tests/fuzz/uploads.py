"""Any bytes, cut anywhere, as a request stream: the same messages however they were cut, none above the limit.

For atheris, which is not among the project's dependencies: `python -m tests.fuzz.uploads -max_total_time=300`.
"""

from __future__ import annotations

import sys

import atheris
import orjson

with atheris.instrument_imports(include=["tollwayd.translator"]):
    from tollwayd.core.errors import TollwayError
    from tollwayd.translator.messages.upload import lines
    from tollwayd.translator.protojson.values import values

LIMIT = 16
WORDS = b'[]{},:"\\ \n1e-tn'
"""What JSON is made of."""


async def pieces(body: bytes, sizes: list[int]):
    """The body in pieces of these sizes, over and over."""
    at = turn = 0
    while at < len(body):
        size = sizes[turn % len(sizes)]
        yield body[at : at + size]
        at, turn = at + size, turn + 1


async def read(split, body: bytes, sizes: list[int]) -> list[bytes | None]:
    """The messages; None at the end where it was refused."""
    found: list[bytes | None] = []
    try:
        async for part in split(pieces(body, sizes), LIMIT):
            found.append(part)  # noqa: PERF401 - those before a refusal count.
    except TollwayError:
        found.append(None)
    return found


def run(split, body: bytes, sizes: list[int]) -> list[bytes | None]:
    """As `read`, without an event loop: nothing in it waits."""
    reading = read(split, body, sizes)
    try:
        reading.send(None)
    except StopIteration as stop:
        found: list[bytes | None] = stop.value
        return found
    raise AssertionError("it waits")


def check(data: bytes) -> None:
    """The first four bytes are the sizes of the pieces, the rest is the body."""
    sizes, body = [1 + byte % 32 for byte in data[:4]] or [1], data[4:]
    expected: list[bytes | None] = []
    for line in body.split(b"\n"):
        if len(line) > LIMIT:
            expected.append(None)
            break
        if line.strip():
            expected.append(line)
    compare(run(lines, body, sizes), expected)
    bare = bytes(WORDS[byte % len(WORDS)] for byte in body)
    for each in (body, bare):
        compare(valid(run(values, each, sizes)), valid(run(values, each, [1])))


def valid(found: list[bytes | None]) -> list[bytes | None]:
    """The values up to the first that its reader will refuse: where that one ends does not matter."""
    for number, part in enumerate(found):
        try:
            orjson.loads(part or b"")
        except ValueError:
            return [*found[:number], None]
    return found


def compare(found: list[bytes | None], expected: list[bytes | None]) -> None:
    """One is the other; but a part may be found too long before those in front of it in the same piece are given."""
    if None in expected:
        assert found[-1] is None
        assert found[:-1] == expected[: len(found) - 1]
    else:
        assert found == expected


def main() -> None:
    """Runs until atheris has had enough."""
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
