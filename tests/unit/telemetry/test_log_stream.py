"""Log lines: each once, in order, whole, and in few writes."""

from __future__ import annotations

import asyncio
import threading
from io import BytesIO

from tollwayd.telemetry.log_stream import LogStream


class File(BytesIO):
    """A file that remembers its writes."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, content: bytes) -> int:
        self.writes.append(bytes(content))
        return len(content)


def test_without_an_event_loop_a_line_is_written_at_once():
    file = File()
    LogStream(file).write(b"one")
    assert file.writes == [b"one\n"]


async def test_the_lines_of_one_turn_are_one_write():
    file = File()
    stream = LogStream(file)
    for line in (b"one", b"two", b"three"):
        stream.write(line)
    assert file.writes == []
    await asyncio.sleep(0)
    stream.write(b"four")
    await asyncio.sleep(0)
    assert file.writes == [b"one\ntwo\nthree\n", b"four\n"]


async def test_lines_of_a_turn_are_written_a_bounded_number_of_bytes_at_once():
    file = File()
    stream = LogStream(file, at_once=10)
    for line in (b"1234", b"5678", b"9", b"longer than all", b"a", b"b"):
        stream.write(line)
    await asyncio.sleep(0)
    assert file.writes == [b"1234\n5678\n", b"9\n", b"longer than all\n", b"a\nb\n"]


async def test_a_thread_writes_what_waits_and_its_own_line():
    file = File()
    stream = LogStream(file)
    stream.write(b"loop")
    thread = threading.Thread(target=stream.write, args=[b"thread"])
    await asyncio.to_thread(lambda: (thread.start(), thread.join()))
    await asyncio.sleep(0)
    assert b"".join(file.writes) == b"loop\nthread\n"


class Gone(File):
    """A pipe whose reader has left."""

    def write(self, content: bytes) -> int:
        super().write(content)
        raise BrokenPipeError


async def test_a_reader_that_has_left_costs_lines_and_nothing_else():
    file = Gone()
    stream = LogStream(file)
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    stream.write(b"lost")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert file.writes == [b"lost\n"]
    assert complaints == []


async def test_what_waits_at_the_end_is_written():
    file = File()
    stream = LogStream(file)
    stream.write(b"last")
    stream.flush()
    await asyncio.sleep(0)
    assert file.writes == [b"last\n"]
