"""Whatever happened to a file, no record is read that was not written, and none that is whole is missed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwayd.state.metering.spool.frames import MAX_RECORD_BYTES, Frames, frame

RECORDS = [b"one", b"", b"three \xf5tws", b"\0" * 20, b"the last one"]
WHOLE = b"".join(map(frame, RECORDS))
ENDS = [sum(len(frame(record)) for record in RECORDS[:count]) for count in range(len(RECORDS) + 1)]


def read(content: bytes) -> tuple[list[bytes], int, int]:
    frames = Frames(content)
    return list(frames), frames.torn, frames.damaged


@given(st.lists(st.binary(max_size=200)))
def test_records_are_read_as_they_were_written(records):
    assert read(b"".join(map(frame, records))) == (records, 0, 0)


@pytest.mark.parametrize("end", range(len(WHOLE) + 1))
def test_of_a_file_that_ends_anywhere_all_whole_records_are_read_and_the_torn_one_is_told(end):
    whole = max(count for count, position in enumerate(ENDS) if position <= end)

    assert read(WHOLE[:end]) == (RECORDS[:whole], end - ENDS[whole], 0)


@pytest.mark.parametrize("position", range(len(WHOLE)))
def test_a_flipped_bit_costs_its_own_record_alone(position):
    hit = max(count for count, start in enumerate(ENDS) if start <= position)
    for bit in range(8):
        content = bytearray(WHOLE)
        content[position] ^= 1 << bit
        records, torn, damaged = read(bytes(content))

        assert records == RECORDS[:hit] + RECORDS[hit + 1 :]
        assert torn + damaged == len(frame(RECORDS[hit]))
        assert damaged or hit == len(RECORDS) - 1


@given(st.binary(max_size=100), st.integers(0, len(RECORDS)))
def test_what_was_never_written_is_no_record(garbage, count):
    before, after = map(b"".join, (map(frame, RECORDS[:count]), map(frame, RECORDS[count:])))

    records, torn, damaged = read(before + garbage + after)
    assert records == RECORDS
    assert torn + damaged == len(garbage)


@pytest.mark.parametrize("zeros", [1, 11, 12, 4096])
def test_blocks_that_were_never_written_are_torn_off(zeros):
    assert read(WHOLE + bytes(zeros)) == (RECORDS, zeros, 0)


def test_a_record_that_is_too_large_is_refused():
    assert read(frame(bytes(MAX_RECORD_BYTES))) == ([bytes(MAX_RECORD_BYTES)], 0, 0)
    with pytest.raises(ValueError, match="too large"):
        frame(bytes(MAX_RECORD_BYTES + 1))
