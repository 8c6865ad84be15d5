"""The meter when Redis, or the way to it, fails: nothing is lost, nothing happens twice, and nobody waits long."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from urllib.parse import urlparse

import msgspec
import pytest
import pytest_asyncio

from tests.faults.proxy import CutError, Proxy, SwallowReply
from tests.metered.over_redis import ledger, spent
from tests.metered.words import TENANT, TOKENS, calls, limit, reservation, settlement, taken
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.limits.limit import Algorithm, Grants, Refusal
from tollwayd.state.connection import connect
from tollwayd.state.metering import keys
from tollwayd.state.metering.commands import LEASE_MS, Record
from tollwayd.state.metering.meter import RedisMeter
from tollwayd.state.metering.payload import charge_bytes
from tollwayd.state.metering.spool import Spool

SOON = 15  # Seconds: far more than anything here takes, so that a test which fails does not hang.
REQUESTS = limit(1_000, window_ms=86_400_000)
BUDGET = limit(100, 80, window_ms=86_400_000, **TOKENS)


@pytest_asyncio.fixture
async def proxy(redis_url):
    async with Proxy(lambda: asyncio.open_unix_connection(urlparse(redis_url).path)) as proxy:
        yield proxy


@pytest_asyncio.fixture
async def meter(proxy):
    meter = RedisMeter(f"redis://127.0.0.1:{proxy.port}")
    yield meter
    await proxy.up() if not proxy._server.is_serving() else None
    async with asyncio.timeout(SOON):
        await meter.aclose()


async def healed(meter, call="healed") -> None:
    """Returns when the meter reaches the store again."""
    async with asyncio.timeout(SOON):
        while True:
            try:
                await meter.reserve(reservation(call, dry=True))
            except TollwayError:
                await asyncio.sleep(0.01)
            else:
                return


async def unavailable(operation) -> float:
    """Seconds until the store was found unavailable."""
    began = time.monotonic()
    with pytest.raises(TollwayError) as failed:
        await operation
    assert failed.value.reason == Reason.REASON_STORE_UNAVAILABLE
    return time.monotonic() - began


def tell(kind, first, later, back) -> None:
    """Prints what calls waited for a store that is away, and checks that it was little."""
    most, usual = max(first), sorted(later)[-3]
    sys.stdout.write(f"\nstore {kind}: {most * 1e3:.0f} ms, then {usual * 1e3:.2f} ms a call, back in {back:.2f} s")
    assert most < 0.25  # 0.1 where nothing else keeps the machine busy.
    assert usual < 0.002


@pytest.fixture(autouse=True)
def ends_soon():
    """Ends a test that waits for what never comes."""

    def fail(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(3 * SOON)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest_asyncio.fixture
async def warmed(meter, redis_client):
    await meter.reserve(reservation("warm", REQUESTS))
    meter.checkpoint(TENANT, "warm", spent())
    await meter.settle(settlement("warm", spent()))
    await meter.reap(TENANT)
    await redis_client.flushall()
    return meter


async def test_a_reservation_whose_reply_is_lost_takes_once(warmed, proxy):
    proxy.on_reply = fault = SwallowReply()
    grants = await warmed.reserve(reservation("a", REQUESTS, calls(5)))

    assert b"*0\r\n*10\r\n:1\r\n" in fault.swallowed
    assert [standing.taken for standing in grants.standings] == [1, 1]
    assert await taken(warmed, REQUESTS, calls(5)) == [1, 1]


async def test_a_settlement_whose_reply_is_lost_is_booked_once(warmed, proxy, redis_client):
    await warmed.reserve(reservation("a", BUDGET, calls(5)))
    proxy.on_reply = fault = SwallowReply()
    await warmed.settle(settlement("a", spent(25)))

    assert fault.swallowed.endswith(b"*0\r\n:0\r\n")
    assert await taken(warmed, BUDGET, calls(5)) == [25, 0]
    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]


async def test_a_settlement_without_a_reservation_whose_reply_is_lost_is_booked_once(warmed, proxy, redis_client):
    proxy.on_reply = fault = SwallowReply()
    await warmed.settle(settlement("a", spent(25), unreserved=[BUDGET]))

    assert fault.swallowed
    assert await taken(warmed, BUDGET) == [25]
    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]


async def test_a_settlement_whose_reply_is_lost_at_midnight_is_booked_once(warmed, proxy, redis_client, clock):
    await warmed.reserve(reservation("a", BUDGET))
    await warmed.settle(settlement("another's"))
    loses = SwallowReply()

    async def midnight(chunk: bytes) -> bytes:
        clock.now_ms += 0 if loses.swallowed else keys.MS_A_DAY
        return await loses(chunk)

    proxy.on_reply = midnight
    await warmed.settle(settlement("a", spent(25)))

    assert loses.swallowed.endswith(b"*0\r\n:0\r\n")
    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]


async def test_a_call_whose_hold_the_store_has_lost_is_booked_and_counted_once(warmed, redis_client):
    await warmed.reserve(reservation("a", BUDGET, calls(5)))
    await warmed.reserve(reservation("a", BUDGET, REQUESTS, attempt=1))
    await redis_client.flushall()
    for _ in range(2):
        await warmed.settle(settlement("a", spent(25)))

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]
    assert await taken(warmed, BUDGET, REQUESTS, calls(5)) == [25, 1, 0]


async def test_lost_calls_whose_booking_is_not_heard_of_are_booked_once(warmed, proxy, redis_client, clock):
    await warmed.reserve(reservation("a", BUDGET, if_lost=spent(33)))
    clock.now_ms += LEASE_MS
    await warmed.reap("tenants/none")
    proxy.on_reply = fault = SwallowReply()
    assert await warmed.reap(TENANT) == 0

    assert fault.swallowed.endswith(b"*0\r\n:1\r\n")
    assert await taken(warmed, BUDGET) == [33]
    assert [entry.input_tokens for entry in await ledger(redis_client)] == [33]


class SwallowNth(SwallowReply):
    """Loses the reply that ends with this."""

    def __init__(self, ending: bytes) -> None:
        super().__init__()
        self._ending = ending

    async def __call__(self, chunk: bytes) -> bytes:
        return await super().__call__(chunk) if chunk.endswith(self._ending) else chunk


async def test_a_correction_whose_reply_is_lost_is_booked_once(warmed, proxy, redis_client, clock):
    await warmed.reserve(reservation("a", BUDGET, if_lost=spent(33, outcome=LedgerEntry.LOST)))
    clock.now_ms += LEASE_MS
    await warmed.reap(TENANT)
    # The first answer tells what was booked, the second that the difference is.
    await warmed.settle(settlement("none", spent(), unreserved=[]))
    proxy.on_reply = fault = SwallowNth(b"*0\r\n:0\r\n")
    await warmed.settle(settlement("a", spent(50)))

    assert fault.swallowed
    assert await taken(warmed, BUDGET) == [50]
    assert [entry.input_tokens for entry in await ledger(redis_client)] == [33, 0, 17]


async def test_a_checkpoint_whose_reply_is_lost_holds(warmed, proxy, redis_client, clock):
    await warmed.reserve(reservation("a", BUDGET, if_lost=spent(1)))
    clock.now_ms += LEASE_MS - 1
    proxy.on_reply = fault = SwallowReply()
    warmed.checkpoint(TENANT, "a", spent(33))
    await warmed.reap(TENANT)
    assert fault.swallowed
    clock.now_ms += LEASE_MS - 1
    assert await warmed.reap(TENANT) == 0
    clock.now_ms += 1
    assert await warmed.reap(TENANT) == 1

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [33]


class Copy:
    """Keeps a copy of what is sent next, as a network may, and cuts the connection after the server has got it."""

    def __init__(self) -> None:
        self.copy = b""

    async def __call__(self, chunk: bytes) -> bytes:
        if self.copy or b"EVAL" not in chunk:
            return chunk
        self.copy = chunk
        raise CutError


async def test_a_copy_of_a_reservation_that_comes_after_the_settlement_holds_nothing(
    warmed, proxy, redis_url, redis_client
):
    proxy.on_request = late = Copy()
    await warmed.reserve(reservation("a", BUDGET, calls(5)))
    await warmed.settle(settlement("a", spent(25)))
    reader, writer = await asyncio.open_unix_connection(urlparse(redis_url).path)
    writer.write(late.copy)
    assert (await reader.read(100)).endswith(b"*0\r\n:3\r\n")
    writer.close()

    assert await taken(warmed, BUDGET, calls(5)) == [25, 0]
    assert not await redis_client.exists(keys.holds(TENANT))


async def test_a_copy_of_a_settlement_that_comes_after_it_is_booked_once(warmed, proxy, redis_url, redis_client):
    await warmed.reserve(reservation("a", BUDGET, calls(5)))
    proxy.on_request = late = Copy()
    await warmed.settle(settlement("a", spent(25)))
    reader, writer = await asyncio.open_unix_connection(urlparse(redis_url).path)
    writer.write(late.copy)
    assert (await reader.read(100)).endswith(b"*0\r\n:0\r\n")
    writer.close()

    assert await taken(warmed, BUDGET, calls(5)) == [25, 0]
    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]


async def test_a_reservation_without_an_answer_is_called_off(warmed, proxy, redis_client):
    proxy.on_reply = fault = SwallowReply(hold=True)
    assert await unavailable(warmed.reserve(reservation("a", BUDGET, calls(5)))) < 0.25
    assert fault.swallowed
    await healed(warmed)
    # The one that is called off comes first.
    await warmed.settle(settlement("b", spent(7), unreserved=[]))
    async with asyncio.timeout(SOON):
        while await redis_client.exists(keys.holds(TENANT)):
            await healed(warmed)

    assert await taken(warmed, BUDGET, calls(5)) == [0, 0]
    # The call itself may have been let through by its policies: then it is booked.
    await warmed.settle(settlement("a", spent(25), unreserved=[BUDGET]))
    await warmed.settle(settlement("a", spent(25), unreserved=[BUDGET]))
    assert await taken(warmed, BUDGET) == [25]
    assert [entry.input_tokens for entry in await ledger(redis_client)] == [7, 25]


async def test_a_caller_who_leaves_while_reserving_leaves_nothing_behind(warmed, proxy, redis_client):
    leaving = asyncio.create_task(warmed.reserve(reservation("a", BUDGET, calls(5))))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await warmed.reap(TENANT)

    assert await taken(warmed, BUDGET, calls(5)) == [0, 0]
    assert not await redis_client.exists(keys.holds(TENANT))


async def test_a_settlement_whose_caller_left_is_booked(warmed, redis_client):
    await warmed.reserve(reservation("a", BUDGET))
    warmed.settle(settlement("a", spent(25))).cancel()
    await warmed.reap(TENANT)

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]


async def test_a_damaged_record_of_a_lost_call_keeps_nobody_waiting(warmed, redis_client, caplog):
    await warmed.reserve(reservation("a", BUDGET))
    await redis_client.hdel(keys.holds(TENANT), "a")
    damaged = b"".join(map(msgspec.msgpack.encode, ("no charge", False, [])))
    await redis_client.hset(keys.booked(TENANT), "a", b"L" + damaged)

    async with asyncio.timeout(10):
        await warmed.settle(settlement("a", spent(25)))
    assert any("cannot be booked" in record.message for record in caplog.records)
    assert isinstance(await warmed.reserve(reservation("b", REQUESTS)), Grants)


DAMAGE = """
local lost, doubtful, takes = cmsgpack.unpack(redis.call('HGET', KEYS[1], ARGV[1]))
takes[1][2] = 99 -- There is no such algorithm.
redis.call('HSET', KEYS[1], ARGV[1], cmsgpack.pack(lost, doubtful, takes))
"""


async def test_damaged_counts_have_no_call_booked_twice(warmed, redis_client, clock):
    for name in "ab":
        await warmed.reserve(reservation(name, REQUESTS, if_lost=spent(33, call=name)))
        await redis_client.eval(DAMAGE, 1, keys.holds(TENANT), name)
    await warmed.settle(settlement("a", spent(25, call="a")))
    clock.now_ms += LEASE_MS
    for _ in range(3):
        await warmed.reap(TENANT)

    assert [(entry.call, entry.input_tokens) for entry in await ledger(redis_client)] == [("a", 25), ("b", 33)]
    assert not await redis_client.exists(keys.holds(TENANT))


async def test_a_damaged_count_keeps_no_other_of_its_call(warmed, redis_client):
    await warmed.reserve(reservation("a", REQUESTS, calls(5)))
    await redis_client.eval(DAMAGE, 1, keys.holds(TENANT), "a")
    await warmed.settle(settlement("a", spent(25)))

    assert await taken(warmed, calls(5)) == [0]


async def test_a_damaged_count_has_no_call_booked_twice_that_was_let_through(warmed, redis_client):
    rolling = limit(1_000, window_ms=60_000, algorithm=Algorithm.SLIDING)
    await warmed.reserve(reservation("before", rolling))
    limits = await redis_client.hgetall(keys.limits(TENANT))
    slot = max(map(int, limits.values()))  # The oldest and the last one have its number.
    await redis_client.hset(
        keys.limits(TENANT), mapping={name: "1" for name, value in limits.items() if int(value) == slot}
    )
    for _ in range(3):
        await warmed.settle(settlement("a", spent(25), unreserved=[rolling]))

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]


@pytest.mark.parametrize("algorithm", [Algorithm.SLIDING, Algorithm.BUCKET])
async def test_a_count_that_cannot_be_read_begins_anew(warmed, redis_client, algorithm):
    """It would refuse every call of its limit, for ever."""
    rolling = limit(1, window_ms=60_000, algorithm=algorithm)
    await warmed.reserve(reservation("before", rolling))
    for name in await redis_client.hkeys(keys.limits(TENANT)):
        await redis_client.hset(keys.limits(TENANT), name, "1")
    assert isinstance(await warmed.reserve(reservation("a", rolling)), Grants)
    assert await taken(warmed, rolling) == [1]
    assert isinstance(await warmed.reserve(reservation("b", rolling)), Refusal)


async def test_limits_that_are_none_have_no_call_booked_twice(warmed, redis_client):
    """Some other program may have written their key. What is over of them cannot be forgotten then."""
    await warmed.reserve(reservation("a", limit(10)))
    over = dict.fromkeys(await redis_client.zrange(keys.ends(TENANT), 0, -1), 0)
    await redis_client.zadd(keys.ends(TENANT), over)
    await redis_client.delete(keys.limits(TENANT))
    await redis_client.set(keys.limits(TENANT), "nobody's")
    # These go to Redis as one run.
    another = asyncio.ensure_future(warmed.reserve(reservation("b")))
    ending = asyncio.ensure_future(warmed.settle(settlement("a", spent(25))))
    await asyncio.gather(another, return_exceptions=True)
    async with asyncio.timeout(SOON):
        await ending

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]


async def test_a_count_whose_oldest_slot_cannot_be_read_begins_anew(warmed, redis_client):
    rolling = limit(1, window_ms=60_000, algorithm=Algorithm.SLIDING)
    await warmed.reserve(reservation("before", rolling))
    await redis_client.hset(keys.limits(TENANT), f"{rolling.bucket}\x1f60000o", "none")
    assert isinstance(await warmed.reserve(reservation("a", rolling)), Grants)
    assert isinstance(await warmed.reserve(reservation("b", rolling)), Refusal)


async def test_what_cannot_be_summed_up_is_not_booked_at_each_try(warmed, redis_client, clock):
    day = keys.usage(TENANT, clock.now_ms // 86_400_000)
    await warmed.reserve(reservation("a", REQUESTS))
    await redis_client.set(day, "nobody's")
    record = msgspec.msgpack.encode(Record(TENANT, "a", charge_bytes(spent(25))))
    for _ in range(3):
        await unavailable(warmed.book(record))
    await redis_client.delete(day)
    await warmed.book(record)

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]


@pytest.mark.parametrize("unreserved", [b"\xdb", b"\x01"])
async def test_what_names_no_limits_is_not_booked_at_each_try(warmed, redis_client, unreserved):
    await warmed.reserve(reservation("a"))
    for _ in range(3):
        with pytest.raises(ValueError, match="damaged"):
            await warmed.book(msgspec.msgpack.encode(Record(TENANT, "a", charge_bytes(spent(25)), unreserved)))

    assert await ledger(redis_client) == []


async def test_a_damaged_record_keeps_no_lost_call_from_being_booked(warmed, redis_client, clock):
    for name in "ab":
        await warmed.reserve(reservation(name, REQUESTS, if_lost=spent(33, call=name)))
        clock.now_ms += 1
    await redis_client.hset(keys.holds(TENANT), "a", b"\xdb")
    clock.now_ms += LEASE_MS
    for _ in range(3):
        await warmed.reap(TENANT)

    assert [entry.call for entry in await ledger(redis_client)] == ["b"]


async def test_what_can_never_be_booked_keeps_nothing_up_that_was_spooled_with_it(
    warmed, proxy, redis_client, tmp_path
):
    spool = Spool(tmp_path)
    meter = RedisMeter(f"redis://127.0.0.1:{proxy.port}", spool)
    for name in "ab":
        await meter.reserve(reservation(name, REQUESTS))
    await proxy.down()
    for name in "ab":
        await meter.settle(settlement(name, spent(25)))
    await proxy.up()
    await redis_client.hset(keys.holds(TENANT), "a", b"\xdb")
    await healed(meter)

    assert await spool.replay(meter.book) == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".damaged"]
    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]
    await meter.aclose()
    await spool.aclose()


async def test_scripts_come_back_after_a_flush_of_scripts(warmed, redis_client):
    async def call(name: str) -> None:
        await warmed.reserve(reservation(name, REQUESTS, calls(300)))
        warmed.checkpoint(TENANT, name, spent())
        await warmed.settle(settlement(name, spent(1, call=name)))

    work = asyncio.gather(*(call(f"c{number}") for number in range(300)))
    while not work.done():
        await redis_client.script_flush()
    await work

    assert sorted(entry.call for entry in await ledger(redis_client)) == sorted(f"c{n}" for n in range(300))
    assert await taken(warmed, REQUESTS, calls(300)) == [300, 0]


async def test_connections_that_break_again_and_again_lose_and_double_nothing(warmed, proxy, redis_client):
    class Every:
        count = 0

        async def __call__(self, chunk: bytes) -> bytes:
            self.count += 1
            if self.count % 7 == 0:
                raise CutError
            return chunk

    proxy.on_reply, proxy.on_request = Every(), Every()
    waiting = iter(range(400))

    async def work() -> None:
        for number in waiting:
            name = f"c{number}"
            try:
                await warmed.reserve(reservation(name, REQUESTS, calls(50), if_lost=spent(1, call=name)))
                unreserved = None
            except TollwayError:
                unreserved = [REQUESTS, calls(50)]
                await healed(warmed, name)
            await warmed.settle(settlement(name, spent(1, call=name), unreserved))

    async with asyncio.timeout(2 * SOON):
        await asyncio.gather(*(work() for _ in range(20)))
    proxy.on_reply = proxy.on_request = None
    await warmed.aclose()

    assert sorted(entry.call for entry in await ledger(redis_client)) == sorted(f"c{n}" for n in range(400))
    assert not await redis_client.exists(keys.holds(TENANT))
    meter = RedisMeter(f"redis://127.0.0.1:{proxy.port}")
    assert await taken(meter, REQUESTS, calls(50)) == [400, 0]
    await meter.aclose()


async def test_while_the_store_refuses_connections_calls_fail_at_once_and_it_heals_by_itself(
    warmed, proxy, redis_client
):
    await warmed.reserve(reservation("running", BUDGET))
    await proxy.down()
    first = await asyncio.gather(*(unavailable(warmed.reserve(reservation(f"c{n}", REQUESTS))) for n in range(50)))
    later = [await unavailable(warmed.reserve(reservation(f"d{n}", REQUESTS))) for n in range(200)]
    ending = asyncio.ensure_future(warmed.settle(settlement("running", spent(25))))
    await proxy.up()
    began = time.monotonic()
    await healed(warmed)
    back = time.monotonic() - began
    async with asyncio.timeout(SOON):
        await ending

    tell("refused", first, later, back)
    assert back < 2
    assert await taken(warmed, BUDGET, REQUESTS) == [25, 0]
    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]


async def test_a_frozen_store_is_found_out_and_heals(own_redis):
    meter = RedisMeter(own_redis.url)
    await meter.reserve(reservation("warm", REQUESTS))
    async with connect(own_redis.url) as client:
        process = (await client.info("server"))["process_id"]
    os.kill(process, signal.SIGSTOP)
    try:
        first = await asyncio.gather(*(unavailable(meter.reserve(reservation(f"c{n}", calls(99)))) for n in range(50)))
        later = [await unavailable(meter.reserve(reservation(f"d{n}", REQUESTS))) for n in range(200)]
    finally:
        os.kill(process, signal.SIGCONT)
    began = time.monotonic()
    await healed(meter)
    back = time.monotonic() - began
    tell("frozen", first, later, back)
    assert back < 2
    async with asyncio.timeout(SOON):
        # What the frozen server had got already is done now, and then called off.
        while await taken(meter, calls(99)) != [0]:
            await healed(meter)
    await meter.aclose()


async def test_a_slow_store_is_as_good_as_none(warmed, proxy):
    class Slow:
        async def __call__(self, chunk: bytes) -> bytes:
            await asyncio.sleep(0.3)
            return chunk

    proxy.on_reply = Slow()
    assert await unavailable(warmed.reserve(reservation("a", REQUESTS))) < 0.25
    assert await unavailable(warmed.reserve(reservation("b", REQUESTS))) < 0.01
    proxy.on_reply = None
    await healed(warmed)


async def test_what_is_spooled_is_not_set_aside_where_the_store_is_full(warmed, redis_client, redis_url, tmp_path):
    spool = Spool(tmp_path)
    meter = RedisMeter(redis_url, spool)
    await meter.reserve(reservation("a", REQUESTS))
    await redis_client.config_set("maxmemory", 1)
    try:
        await meter.settle(settlement("a", spent(25)))
        with pytest.raises(TollwayError):
            await spool.replay(meter.book)
    finally:
        await redis_client.config_set("maxmemory", 0)
    assert await spool.replay(meter.book) == 1
    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]
    await meter.aclose()


async def test_a_lost_call_is_booked_when_a_store_that_was_full_has_room_again(warmed, redis_client, clock):
    await warmed.reserve(reservation("a", REQUESTS, if_lost=spent(33, call="a")))
    clock.now_ms += LEASE_MS
    await redis_client.config_set("maxmemory", 1)
    try:
        with pytest.raises(TollwayError):
            await warmed.reap(TENANT)
    finally:
        await redis_client.config_set("maxmemory", 0)
    assert await warmed.reap(TENANT) == 1
    assert [(entry.call, entry.input_tokens) for entry in await ledger(redis_client)] == [("a", 33)]


async def test_a_lost_call_whose_charge_is_damaged_puts_nothing_into_the_ledger(warmed, redis_client, clock):
    await warmed.reserve(reservation("a", REQUESTS))
    no_charge = b"".join(map(msgspec.msgpack.encode, ("no charge", False, [])))
    await redis_client.hset(keys.holds(TENANT), "a", no_charge)
    clock.now_ms += LEASE_MS
    await warmed.reap(TENANT)
    assert not await redis_client.exists(keys.ledger(TENANT))


async def test_a_store_that_is_full_refuses_and_takes_settlements_when_there_is_room(warmed, redis_client):
    await warmed.reserve(reservation("a", BUDGET))
    await redis_client.config_set("maxmemory", 1)
    try:
        await unavailable(warmed.reserve(reservation("b", REQUESTS)))
        ending = asyncio.ensure_future(warmed.settle(settlement("a", spent(25))))
        await warmed.reserve(reservation("look", dry=True))
        assert not ending.done()
    finally:
        await redis_client.config_set("maxmemory", 0)
    async with asyncio.timeout(SOON):
        await ending

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]


class Disk:
    """A spool that keeps records, or cannot."""

    def __init__(self, *, full: bool = False) -> None:
        self.records = []
        self.full = full

    async def append(self, record: bytes) -> bool:
        if not self.full:
            self.records.append(record)
        return not self.full


async def test_settlements_go_to_the_spool_while_the_store_is_away_and_are_booked_once(proxy, redis_client):
    meter = RedisMeter(f"redis://127.0.0.1:{proxy.port}", disk := Disk())
    await meter.reserve(reservation("a", BUDGET))
    await proxy.down()
    await unavailable(meter.reserve(reservation("b", REQUESTS)))
    async with asyncio.timeout(1):
        await meter.settle(settlement("a", spent(25)))
        await meter.settle(settlement("b", spent(7), unreserved=[BUDGET, REQUESTS]))
    with pytest.raises(TollwayError):
        await meter.book(disk.records[0])
    await proxy.up()
    await healed(meter)
    for record in disk.records * 2:
        await meter.book(record)

    assert sorted(entry.input_tokens for entry in await ledger(redis_client)) == [7, 25]
    assert await taken(meter, BUDGET, REQUESTS) == [32, 1]
    await meter.aclose()


async def test_what_was_spooled_is_booked_once_though_the_store_came_back_without_its_hold(proxy, redis_client):
    meter = RedisMeter(f"redis://127.0.0.1:{proxy.port}", disk := Disk())
    await meter.reserve(reservation("a", BUDGET))
    await proxy.down()
    await unavailable(meter.reserve(reservation("b", REQUESTS)))
    await meter.settle(settlement("a", spent(25)))
    await redis_client.flushall()
    await proxy.up()
    await healed(meter)
    for record in disk.records * 2:
        await meter.book(record)

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]
    assert await taken(meter, BUDGET) == [25]
    await meter.aclose()


async def test_what_was_booked_as_lost_long_ago_is_not_booked_again_when_a_spool_turns_up(proxy, redis_client, clock):
    meter = RedisMeter(f"redis://127.0.0.1:{proxy.port}", disk := Disk())
    await meter.reserve(reservation("a", BUDGET, if_lost=spent(33)))
    await proxy.down()
    await unavailable(meter.reserve(reservation("b", REQUESTS)))
    await meter.settle(settlement("a", spent(25)))
    await proxy.up()
    await healed(meter)
    clock.now_ms += LEASE_MS
    assert await meter.reap(TENANT) == 1
    clock.now_ms += 8 * keys.MS_A_DAY
    await meter.reap(TENANT)
    for record in disk.records:
        await meter.book(record)

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [33]
    await meter.aclose()


async def test_where_the_spool_is_full_settlements_wait_in_memory(proxy, redis_client):
    meter = RedisMeter(f"redis://127.0.0.1:{proxy.port}", Disk(full=True))
    await meter.reserve(reservation("a", BUDGET))
    await proxy.down()
    ending = asyncio.ensure_future(meter.settle(settlement("a", spent(25))))
    await unavailable(meter.reserve(reservation("b", REQUESTS)))
    assert not ending.done()
    await proxy.up()
    async with asyncio.timeout(SOON):
        await ending

    assert [entry.input_tokens for entry in await ledger(redis_client)] == [25]
    await meter.aclose()


async def test_a_killed_redis_loses_no_call_that_was_answered(own_redis):
    meter = RedisMeter(own_redis.url)
    numbers = iter(range(1_500))
    answered = []

    async def work() -> None:
        for number in numbers:
            name = f"c{number}"
            unreserved = None
            try:
                assert not isinstance(await meter.reserve(reservation(name, BIG, if_lost=spent(9, call=name))), Refusal)
            except TollwayError:
                unreserved = [BIG]
            await meter.settle(settlement(name, spent(1, call=name), unreserved))
            answered.append(name)
            if number in (300, 700, 1_100):
                await kill(own_redis)

    async with asyncio.timeout(2 * SOON):
        await asyncio.gather(*(work() for _ in range(20)))
    async with connect(own_redis.url) as client:
        entries = await ledger(client)
    assert sorted(entry.call for entry in entries) == sorted(answered)
    assert await taken(meter, BIG) == [sum(entry.input_tokens for entry in entries)]
    await meter.aclose()


BIG = limit(10**9, 5, window_ms=86_400_000, **TOKENS)


async def kill(redis) -> None:
    async with connect(redis.url) as client:
        os.kill((await client.info("server"))["process_id"], signal.SIGKILL)


async def test_a_restarted_meter_finds_what_another_holds(warmed, proxy):
    assert isinstance(await warmed.reserve(reservation("a", calls(1))), Grants)
    other = RedisMeter(f"redis://127.0.0.1:{proxy.port}")
    assert isinstance(await other.reserve(reservation("b", calls(1))), Refusal)
    await other.aclose()
