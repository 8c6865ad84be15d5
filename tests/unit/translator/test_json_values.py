"""JSON values out of text in pieces: concatenated, a line each, or one array."""

from __future__ import annotations

import json
import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.messages.upload import lines
from tollwayd.translator.protojson import values as json_values
from tollwayd.translator.protojson.values import values

LIMIT = 1000


async def split(*pieces: bytes, limit: int = LIMIT) -> list[bytes]:
    async def chunks():
        for piece in pieces:
            yield piece

    return [value async for value in values(chunks(), limit)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", []),
        (b" \r\n\t", []),
        (b'{"a":1}', [b'{"a":1}']),
        (b'{"a":1}\n{"a":2}\n', [b'{"a":1}', b'{"a":2}']),
        (b'{"a":1}\r\n\r\n{"a":2}', [b'{"a":1}', b'{"a":2}']),
        (b'{"a":{"b":"}\\""}}{"c":[]}', [b'{"a":{"b":"}\\""}}', b'{"c":[]}']),
        (b'{\n "a": [\n1]\n}\n{}', [b'{\n "a": [\n1]\n}', b"{}"]),
        (b'"a b" 12 true', [b'"a b"', b"12", b"true"]),
        (b"[]", []),
        (b' [ {"a":1} , {"b":[2]},3,"x,y" ] ', [b'{"a":1}', b'{"b":[2]}', b"3", b'"x,y"']),
        (b"[[1],[2,3]]", [b"[1]", b"[2,3]"]),
    ],
)
async def test_the_values_are_the_same_however_the_text_is_cut(text, found):
    assert await split(text) == found
    assert await split(*(text[at : at + 1] for at in range(len(text)))) == found
    for cut in range(len(text)):
        assert await split(text[:cut], text[cut:]) == found


async def test_many_values_in_one_line_take_no_longer_than_as_many_of_an_array():
    async def seconds(text: bytes) -> float:
        start = time.process_time()
        assert len(await split(text, limit=len(text))) == count
        return time.process_time() - start

    count = 100_000
    array = await seconds(b"[" + b",".join([b"{}"] * count) + b"]")
    assert await seconds(b"{}" * count + b"\n") < 3 * array


async def test_a_value_is_there_as_soon_as_it_is_whole():
    asked = []

    async def chunks():
        for piece in (b'[{"a":1}', b',{"b"', b":2}]"):
            asked.append(piece)
            yield piece

    found = values(chunks(), LIMIT)
    assert (await anext(found), len(asked)) == (b'{"a":1}', 1)
    assert (await anext(found), len(asked)) == (b'{"b":2}', 3)


@pytest.mark.parametrize("parts", [values, lines])
async def test_what_is_left_early_leaves_nothing_open(parts):
    closed = []

    async def chunks():
        try:
            yield b"1\n2\n"
        finally:
            closed.append(True)

    found = parts(chunks(), LIMIT)
    assert await anext(found) == b"1"
    await found.aclose()
    assert closed


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1',
        b'"abc',
        b'"abc\\',
        b"[",
        b"[1",
        b"[1,",
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b"[1]2",
        b"[1],",
        b"[1]]",
        b"1" * 2000,
    ],
)
async def test_what_is_no_row_of_values_is_refused(text):
    for pieces in ([text], [text[at : at + 1] for at in range(len(text))]):
        with pytest.raises(TollwayError) as error:
            await split(*pieces, limit=10_000)
        assert error.value.reason == Reason.REASON_JSON_INVALID


@pytest.mark.parametrize("pieces", [[b'{"a":"', b"x" * LIMIT, b"x" * LIMIT], [b'"' + b"x" * LIMIT + b'"']])
async def test_a_value_over_the_limit_is_refused(pieces):
    with pytest.raises(TollwayError) as error:
        await split(*pieces)
    assert error.value.reason == Reason.REASON_BODY_TOO_LARGE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(), JSON, max_size=3), max_size=4),
    st.booleans(),
    st.integers(1, 9),
    st.sampled_from([None, 1]),
)
async def test_any_row_comes_out_as_it_went_in(row, as_array, size, indent):
    written = [json.dumps(value, indent=indent) for value in row]
    text = (f"[{','.join(written)}]" if as_array else "\n".join(written)).encode()

    found = await split(*(text[at : at + size] for at in range(0, len(text), size)), limit=10**6)

    assert [json.loads(value) for value in found] == row


class Counting:
    """orjson, and how many bytes it was given."""

    def __init__(self) -> None:
        self.size = 0

    def loads(self, text):
        self.size += len(text)
        return orjson.loads(text)


@pytest.mark.parametrize("value", [b"1 ", b"{} ", b'{"a":\n1}', b'"a"', b"{}\n"])
async def test_no_byte_is_read_again_for_each_value_before_it(monkeypatch, value):
    monkeypatch.setattr(json_values, "orjson", counting := Counting())
    text = value * 1000 + b"\n"
    assert len(await split(text)) == 1000
    assert counting.size <= 2 * len(text)
