from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from tests.running.gateway import environment
from tollwayd.core.errors import TollwayError
from tollwayd.core.origin import Origin
from tollwayd.upstream import lookup
from tollwayd.upstream.egress import EgressRules
from tollwayd.upstream.lookup import MAX_THREADS, MAX_THREADS_PER_DOMAIN, Lookups

CALLS = 50


class NameServer:
    """Answers for `fast.…`, has no `missing.…`, and hangs for all else until it is released."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.hanging = 0
        self.released = threading.Event()
        self.address = "8.8.8.8"

    def __call__(self, host, port):
        self.asked[host] += 1
        if host.startswith("missing."):
            raise socket.gaierror("no such name")
        if not host.startswith("fast."):
            self.hanging += 1
            self.released.wait(30)
            self.hanging -= 1
        return [self.address]

    def getaddrinfo(self, host, port, *_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self(host, port)]


@pytest.fixture
def server():
    made = NameServer()
    yield made
    made.released.set()


@pytest.fixture
async def calls():
    """Starts what a test does not wait for, and ends it."""
    tasks = []

    async def start(lookups, hosts):
        tasks.extend(asyncio.create_task(lookups.resolve(host, 443)) for host in hosts)
        await asyncio.sleep(0.01)

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_name_that_hangs_does_not_delay_another(server, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", server.getaddrinfo)
    rules = EgressRules()
    slow = [asyncio.create_task(rules.addresses(Origin("https", "slow.example", 443))) for _ in range(CALLS)]
    await asyncio.sleep(0.1)
    async with asyncio.timeout(1):
        assert list(await rules.addresses(Origin("https", "fast.example", 443))) == ["8.8.8.8"]
    server.released.set()
    assert {tuple(found) for found in await asyncio.gather(*slow)} == {("8.8.8.8",)}
    assert server.asked["slow.example"] == 1


@pytest.mark.parametrize("names", [CALLS, 1])
async def test_names_of_one_domain_have_a_few_threads(server, calls, names):
    lookups = Lookups(server)
    await calls(lookups, [f"slow-{number % names}.evil.example" for number in range(CALLS)])
    async with asyncio.timeout(1):
        assert await lookups.resolve("fast.good.example", 443) == ("8.8.8.8",)
    assert server.hanging == min(names, MAX_THREADS_PER_DOMAIN)


async def test_threads_are_bounded_and_a_name_that_gets_none_is_unreachable(server, calls, monkeypatch):
    monkeypatch.setattr(lookup, "QUEUE_SECONDS", 0.1)
    lookups = Lookups(server)
    await calls(lookups, [f"slow.evil-{number}.example" for number in range(2 * MAX_THREADS)])
    with pytest.raises(TollwayError, match="does not resolve"):
        await EgressRules(resolve=lookups.resolve).addresses(Origin("https", "fast.example", 443))
    assert server.hanging == MAX_THREADS
    server.released.set()
    await asyncio.sleep(0.1)
    assert await lookups.resolve("fast.example", 443) == ("8.8.8.8",)


async def test_callers_who_give_up_leave_one_look_up_behind(server):
    lookups = Lookups(server)
    for _ in range(10):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(lookups.resolve("slow.example", 443), 0.01)
    assert server.asked["slow.example"] == 1
    server.released.set()
    assert await lookups.resolve("slow.example", 443) == ("8.8.8.8",)


async def test_an_answer_is_kept_for_a_moment_and_then_asked_for_again(server, monkeypatch):
    monkeypatch.setattr(lookup, "KEPT_SECONDS", 0.05)
    lookups = Lookups(server)
    assert await lookups.resolve("fast.example", 443) == await lookups.resolve("fast.example", 8443) == ("8.8.8.8",)
    assert server.asked["fast.example"] == 1
    server.address = "1.1.1.1"
    await asyncio.sleep(0.1)
    assert await lookups.resolve("fast.example", 443) == ("1.1.1.1",)


async def test_every_connection_judges_an_answer_that_was_kept(server):
    server.address = "10.0.0.7"
    rules = EgressRules(resolve=Lookups(server).resolve)
    for _ in range(2):
        with pytest.raises(TollwayError, match="may not call"):
            await rules.addresses(Origin("https", "fast.example", 443))
    assert server.asked["fast.example"] == 1


async def test_a_failure_is_not_kept(server):
    lookups = Lookups(server)
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await lookups.resolve("missing.example", 443)
    assert server.asked["missing.example"] == 2


async def test_the_operating_system_is_asked_by_default():
    assert "127.0.0.1" in await Lookups().resolve("localhost", 80)


def test_a_look_up_that_hangs_does_not_hold_up_the_end_of_the_process():
    program = """
import asyncio, time
from tollwayd.upstream.lookup import Lookups

async def main():
    try:
        await asyncio.wait_for(Lookups(lambda *_: time.sleep(60)).resolve("slow.example", 443), 0.1)
    except TimeoutError:
        pass

asyncio.run(main())
"""
    begun = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, timeout=30, check=True
    )
    assert time.monotonic() - begun < 20
    assert run.stderr == ""
