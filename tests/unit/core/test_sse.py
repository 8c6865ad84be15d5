"""Server-sent events: whatever the split, the same events."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwayd.core import sse
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.sse import Framer, ServerSentEvent, beginning, parse, split

STREAMS = [
    (b"data: one\n\ndata: two\n\n", [("", b"one"), ("", b"two")]),
    (b"event: a\r\ndata: 1\r\n\r\ndata:2\r\n\r\n", [("a", b"1"), ("", b"2")]),
    (b": ping\n\ndata: x\ndata: y\n\n", [("", b"x\ny")]),
    (b"event:b\rdata:1\r\rdata:2\r\r", [("b", b"1"), ("", b"2")]),
    (b"id: 7\nretry: 3\ndata: {}\n\n", [("", b"{}")]),
    ("data: grüße 🚏\n\n".encode(), [("", "grüße 🚏".encode())]),
    (b'data: {"last": "without its blank line"}', [("", b'{"last": "without its blank line"}')]),
    (b"data: {}\n\nevent: a\r\ndata: {}\r\n", [("", b"{}"), ("a", b"{}")]),
    (b"data: {}\n\ndata: [DONE]", [("", b"{}"), ("", b"[DONE]")]),
    (b"data: {}\n\n: a comment cut sho", [("", b"{}")]),
    (b"data\n\ndata: a\n\n", [("", b""), ("", b"a")]),
]


def read(pieces: list[bytes]) -> list[ServerSentEvent]:
    framer = Framer()
    blocks = [framer.feed(piece) for piece in pieces]
    blocks.append(framer.rest())
    return [event for block in blocks for raw in split(block) if (event := parse(raw))]


@pytest.mark.parametrize(("stream", "events"), STREAMS)
def test_every_split_in_two_gives_the_same_events(stream, events):
    for cut in range(len(stream) + 1):
        assert read([stream[:cut], stream[cut:]]) == events, cut


@pytest.mark.parametrize(("stream", "events"), STREAMS)
def test_byte_by_byte_gives_the_same_events(stream, events):
    assert read([bytes([byte]) for byte in stream]) == events


@given(st.lists(st.sampled_from([b"data: a", b"b", b": c", b"\n", b"\n\n", b"\r\n", b"\r"])).map(b"".join))
def test_a_block_is_split_at_blank_lines_whatever_ends_them(block):
    assert b"".join(split(block)) == block
    ends = [found.end() for found in re.finditer(rb"\r\n\r\n|\n\n|\r\r|\n\r\n|\r\n\n", block)]
    assert [len(b"".join(list(split(block))[:number])) for number in range(1, len(ends) + 1)] == ends


def test_blocks_are_the_bytes_as_they_came():
    framer = Framer()
    stream = b"event: a\r\ndata: 1\r\n\r\n: comment\n\ndata: 2\n\n"
    blocks = b"".join(framer.feed(stream[at : at + 3]) for at in range(0, len(stream), 3))
    assert blocks == stream


@pytest.mark.parametrize("last", [b'event: message_stop\ndata: {"type": {}, "of": "\xc3\xa9"}', b"data: [DONE]"])
def test_a_last_event_cut_at_any_byte_is_no_event(last):
    for cut in range(1, len(last)):
        framer = Framer()
        framer.feed(b"data: {}\n\n" + last[:cut])
        with pytest.raises(TollwayError) as error:
            framer.rest()
        assert error.value.reason == Reason.REASON_UPSTREAM_INTERRUPTED, last[:cut]
        assert framer.rest() == b"", last[:cut]


def test_a_last_event_gets_the_blank_line_that_it_lacked():
    framer = Framer()
    framer.feed(b": ping\r\nevent: a\r\ndata: {}\r\n")
    assert framer.rest() == b"event: a\ndata: {}\n\n"


def test_an_endless_event_is_refused(monkeypatch):
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 100)
    framer = Framer()
    framer.feed(b"data: " + b"x" * 94)
    with pytest.raises(TollwayError) as error:
        framer.feed(b"x")
    assert error.value.reason == Reason.REASON_UPSTREAM_INVALID


@pytest.mark.parametrize(("stream", "events"), STREAMS)
def test_what_is_from_the_beginning_of_an_event_on_are_the_last_events(stream, events):
    for position in range(len(stream)):
        start = beginning(stream, position)
        before, after = read([stream[:start]]), read([stream[start:]])
        assert start <= position
        assert before + after == events, position


def test_events_before_the_one_that_is_looked_for_are_left_out():
    assert beginning(b"data: 1\n\ndata: 2\n\ndata: 3\n\n", 20) == 18
