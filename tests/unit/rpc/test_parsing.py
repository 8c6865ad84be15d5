"""Which messages are parsed: all that are any, but for those made to hold everything up."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from tollway.proxy.v1.conversation_pb2 import Message, Part, Text, ToolResult
from tollway.proxy.v1.inference_pb2 import GenerateRequest
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc import parsing
from tollwayd.rpc.parsing import MAX_FIELDS, UNCOUNTED_BYTES, Parser

PARSER = Parser(GenerateRequest)

EMPTY_MESSAGE = b"\x12\x00"
"""A `messages` without anything in it."""


def bytes_within(tag: bytes, content: bytes) -> bytes:
    """A field that holds this."""
    size, rest = b"", len(content)
    while rest >= 0x80:
        size += bytes([rest & 0x7F | 0x80])
        rest >>= 7
    return tag + size + bytes([rest]) + content


MANY = EMPTY_MESSAGE * (MAX_FIELDS + 1)
BOMBS = {
    "beside each other": MANY,
    "within a message": bytes_within(b"\x12", MANY),
    "within a tool's result": bytes_within(b"\x12", bytes_within(b"\x12", bytes_within(b"\x32", MANY))),
    "behind a group": b"\x7b\x7c" + MANY,
    "behind unknown fields": b"\x98\x06\x01\x9d\x06abcd\x99\x06abcdefgh\x9a\x06\x00" + MANY,
    "unknown": b"\x98\x06\x01" * (MAX_FIELDS + 1),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
async def test_more_fields_than_anybody_sends_are_refused_before_they_are_parsed(bomb):
    with pytest.raises(TollwayError) as refused:
        await PARSER.parse(bomb)
    assert refused.value.reason == Reason.REASON_BODY_TOO_LARGE


async def test_many_bytes_in_few_fields_are_parsed():
    part = Part(tool_result=ToolResult(parts=[Part(text=Text(text="x" * 10**7))]))
    request = GenerateRequest(model="gpt", messages=[Message(parts=[part])] * 3, temperature=1.0, seed=-1)
    assert await PARSER.parse(request.SerializeToString()) == request


async def test_the_longest_conversation_is_parsed():
    request = GenerateRequest(model="gpt", messages=[Message(role=1, parts=[Part(text=Text(text="Hi"))])] * 100_000)
    assert await PARSER.parse(request.SerializeToString()) == request


async def test_other_calls_go_on_while_fields_are_counted():
    counting = asyncio.create_task(PARSER.parse(BOMBS["within a message"]))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not counting.done()
    with pytest.raises(TollwayError):
        await counting


async def test_as_many_fields_as_are_taken_are_parsed():
    assert len((await PARSER.parse(EMPTY_MESSAGE * MAX_FIELDS)).messages) == MAX_FIELDS


@pytest.mark.parametrize(
    "end", [b"\x12\x05ab", b"\x12", b"\x0f", b"\xff" * 11, b"\x0d\x01", b"\x12\x03\x12\x02a"], ids=bytes.hex
)
async def test_what_does_not_parse_is_malformed_at_any_size(end):
    for before in b"", bytes_within(b"\x0a", b"x" * UNCOUNTED_BYTES):
        with pytest.raises(TollwayError) as refused:
            await PARSER.parse(before + end)
        assert refused.value.reason == Reason.REASON_REQUEST_MALFORMED


SENT = GenerateRequest(
    model="gpt", messages=[Message(role=1, parts=[Part(text=Text(text="Hi"))])] * 2, seed=7, temperature=0.5
).SerializeToString()


@given(st.lists(st.tuples(st.integers(0, len(SENT) - 1), st.integers(0, 255)), max_size=5))
async def test_counting_refuses_nothing_that_parses(changes):
    data = bytearray(SENT)
    for place, byte in changes:
        data[place] = byte
    before, parsing.UNCOUNTED_BYTES = parsing.UNCOUNTED_BYTES, 0
    try:
        found = GenerateRequest.FromString(bytes(data))
    except DecodeError:
        with pytest.raises(TollwayError):
            await PARSER.parse(bytes(data))
    else:
        # Not by equality, which NaN has none of.
        assert (await PARSER.parse(bytes(data))).SerializeToString() == found.SerializeToString()
    finally:
        parsing.UNCOUNTED_BYTES = before
