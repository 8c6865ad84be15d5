"""What goes out on a connection, and in which writes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from tollwayd.translator.answers.encoding import Encoding
from tollwayd.translator.answers.reply import Reply
from tollwayd.translator.request import Request


class Transport(asyncio.Transport):
    """Notes each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.writes.append(b"(cut)")


@pytest.fixture
def client():
    return SimpleNamespace(transport=Transport(), writing_paused=False)


@pytest.fixture
async def reply(client):
    request = Request("POST", "/", "1.1", {}, None, client, keep_alive=True)
    reply = Reply(request, 1, Encoding(None, streams=False))
    await reply.start(200, "", b"first")
    client.transport.writes.clear()
    return reply


async def test_a_last_part_and_the_end_of_its_body_are_one_write(client, reply):
    await reply.write(b"last")
    await reply.end({})
    assert client.transport.writes == [b"4\r\nlast\r\n0\r\n\r\n"]
    await asyncio.sleep(0)
    assert len(client.transport.writes) == 1


async def test_parts_of_one_turn_are_one_write_at_its_end(client, reply):
    await reply.write(b"one")
    await reply.write(b"two")
    assert client.transport.writes == []
    await asyncio.sleep(0)
    assert client.transport.writes == [b"3\r\none\r\n3\r\ntwo\r\n"]


async def test_much_does_not_wait_for_the_end_of_a_turn(client, reply):
    for _ in range(5):
        await reply.write(b"x" * 20_000)
    assert sum(map(len, client.transport.writes)) > 60_000


async def test_what_comes_by_another_way_stays_behind(client, reply):
    for send in (reply.take, reply.put):
        await reply.write(b"a")
        send(b"b")
        assert b"".join(client.transport.writes) == b"1\r\na\r\n1\r\nb\r\n"
        client.transport.writes.clear()
    await reply.write(b"a")
    reply.nudge()
    await reply.write(b"b")
    await reply.end({})
    assert b"".join(client.transport.writes) == b"1\r\na\r\n01\r\nb\r\n0\r\n\r\n"


@pytest.mark.parametrize("leave", ["abort", "close"])
async def test_nothing_is_held_back_for_ever(client, reply, leave):
    await reply.write(b"a")
    getattr(reply, leave)()
    assert client.transport.writes[0] == b"1\r\na\r\n"


async def test_a_part_for_a_client_that_does_not_keep_up_is_written_before_it_is_waited_for(client, reply):
    client.writing_paused = True
    client.drained = asyncio.get_running_loop().create_future
    client.transport.get_write_buffer_size = lambda: 1
    waiting = asyncio.ensure_future(reply.write(b"a"))
    assert client.transport.writes == [b"1\r\na\r\n"]
    waiting.cancel()


async def test_a_client_that_left_is_noticed_at_the_next_part(client, reply):
    await reply.write(b"a")
    client.transport = None
    await asyncio.sleep(0)
    with pytest.raises(ConnectionResetError):
        await reply.write(b"b")
