"""`tollway serve --workers N`: several processes that callers, operators and Prometheus take for one gateway."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from urllib.request import Request, urlopen

import aiohttp
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

from tests.running.gateway import ADMIN_KEY, Gateway, environment, send
from tests.wire.http2 import head, http2, message
from tollwayd.mock import MockProvider
from tollwayd.rpc.listeners.listener import GRPC_LISTENERS
from tollwayd.workers.crew import LAST_SECONDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shares a port's connections")

WORKERS = 2
CHAT = {"model": "gpt", "messages": [{"role": "user", "content": "Hello there!"}]}
SLOW = {"rules": [{"match": {"stream": True}, "answer": {"tokens": 12, "pace": 0.05}}]}
CONNECTIONS = 24
"""New connections, none of which misses a worker: of as many tosses of a coin one side comes up every time once in
eight million."""


@pytest.fixture
async def provider():
    async with MockProvider(SLOW) as running:
        yield running


@pytest.fixture
def gateway(tmp_path, request):
    """Two workers; with other settings where the test is parametrized by them."""
    settings = getattr(request, "param", {})
    with Gateway(tmp_path, workers=str(WORKERS), **settings) as running:
        yield running


@pytest.fixture
async def tenant(gateway, provider):
    made = await asyncio.to_thread(gateway.admin().tenant, openai=provider.url)
    await asyncio.to_thread(made.model, "gpt", {"provider": "openai", "model": "gpt-upstream"})
    return made


def pids(gateway: Gateway) -> set[int]:
    """The workers' process ids."""
    children = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text().split()
    return {int(pid) for pid in children if Path(f"/proc/{pid}/cmdline").read_bytes().endswith(b"\0worker\0")}


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def statuses(gateway: Gateway, secret: str, count: int = CONNECTIONS, **body) -> list[int | None]:
    """What calls get, all at once and each on a connection of its own; None for one that broke."""
    url = gateway.url("proxy_http") + "/v1/chat/completions"
    headers = {"Authorization": f"Bearer {secret}", "Connection": "close"}

    async def call(session) -> int | None:
        with suppress(aiohttp.ClientError):
            async with session.post(url, json=CHAT | body, headers=headers) as answer:
                await answer.read()
                return answer.status

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        return await asyncio.gather(*(call(session) for _ in range(count)))


def scraped(gateway: Gateway) -> dict[str, float]:
    """The sums of all samples of a name."""
    with urlopen(gateway.url("metrics_http") + "/metrics", timeout=10) as answer:
        text = answer.read().decode()
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0) + sample.value
    return sums


async def calls_counted(gateway: Gateway) -> int:
    return int((await asyncio.to_thread(scraped, gateway)).get("tollway_first_byte_seconds_count", 0))


async def in_flight(gateway: Gateway) -> None:
    """Waits until all calls are."""
    while (await asyncio.to_thread(scraped, gateway))["tollway_calls_in_flight"] < CONNECTIONS:
        pass


async def test_all_workers_answer_at_one_address_and_are_counted_at_one(gateway, tenant):
    assert len(pids(gateway)) == WORKERS
    assert len(set(gateway.addresses.values())) == 5
    assert await statuses(gateway, tenant.key()) == [200] * CONNECTIONS
    assert await calls_counted(gateway) == CONNECTIONS
    metrics = scraped(gateway)
    assert (metrics["tollway_workers"], metrics["tollway_calls_in_flight"]) == (WORKERS, 0)
    assert send(Request(gateway.url("metrics_http") + "/readyz")) == (200, b"ready\n")
    gateway.stop()
    assert not (gateway.data_dir / "listeners.json").exists()


async def test_what_a_write_changes_is_so_at_every_worker_when_it_is_answered(gateway, tenant):
    name = f"/v1/{tenant.name}/apiKeys/changing"
    made = tenant.admin("POST", f"/v1/{tenant.name}/apiKeys?api_key_id=changing", {})
    for _ in range(3):
        assert await statuses(gateway, made["secret"]) == [200] * CONNECTIONS
        tenant.admin("PATCH", name, {"disabled": True})
        assert await statuses(gateway, made["secret"]) == [401] * CONNECTIONS
        tenant.admin("PATCH", name, {"disabled": False})


@pytest.mark.parametrize("leased", [False, True])
async def test_a_limit_is_exact_over_all_workers(gateway, tenant, leased):
    limit = {"unit": "REQUESTS", "limit": "30", "window": "3600s", "leased": leased}
    tenant.admin("POST", f"/v1/{tenant.name}/policies?policy_id=rpm", {"subject": {}, "rateLimit": limit})
    got = await statuses(gateway, tenant.key(), 2 * CONNECTIONS)
    assert set(got) <= {200, 429}
    assert got.count(200) == 30 if not leased else got.count(200) <= 30


async def test_others_serve_when_a_worker_is_killed_and_another_takes_its_place(gateway, tenant):
    secret = tenant.key()
    assert await statuses(gateway, secret) == [200] * CONNECTIONS
    counted = await calls_counted(gateway)
    before = pids(gateway)
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    ended = await asyncio.to_thread(gateway.event, "a worker has ended; another one is started")
    assert (ended["pid"], ended["status"]) == (killed, -signal.SIGKILL)
    assert await statuses(gateway, secret) == [200] * CONNECTIONS
    await asyncio.to_thread(gateway.event, "another worker serves")
    assert await statuses(gateway, secret) == [200] * CONNECTIONS
    assert await calls_counted(gateway) == counted + 2 * CONNECTIONS
    metrics = scraped(gateway)
    assert (metrics["tollway_workers"], metrics["tollway_worker_restarts_total"]) == (WORKERS, 1)
    after = pids(gateway)
    assert len(after) == WORKERS
    assert after & before == before - {killed}
    gateway.admin()("POST", "/v1/tenants?tenant_id=later", {})  # The new one is waited for as the others are.


async def test_calls_of_other_workers_go_on_when_one_is_killed(gateway, tenant):
    secret = tenant.key()
    calls = asyncio.ensure_future(statuses(gateway, secret, stream=True))
    await in_flight(gateway)
    os.kill(min(pids(gateway)), signal.SIGKILL)
    answered = (await calls).count(200)
    assert 0 < answered < CONNECTIONS


async def test_every_worker_drains(gateway, tenant):
    secret = tenant.key()
    calls = asyncio.ensure_future(statuses(gateway, secret, stream=True))
    await in_flight(gateway)
    gateway.process.send_signal(signal.SIGTERM)
    assert await calls == [200] * CONNECTIONS
    assert await asyncio.to_thread(gateway.stop, signal.SIGCONT) == 0
    ends = [line for line in gateway.lines() if line["event"] == "stopped"]
    assert len(ends) == WORKERS + 1


@pytest.mark.parametrize("gateway", [{"drain_seconds": "120"}], indirect=True)
@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_every_worker_at_once(gateway, tenant, provider, first):
    provider.use({"rules": [{"answer": {"tokens": 10_000, "pace": 0.05}}]})
    calls = asyncio.ensure_future(statuses(gateway, tenant.key(), stream=True))
    await in_flight(gateway)
    workers = pids(gateway)
    gateway.process.send_signal(first)
    await asyncio.to_thread(gateway.until_logged, "draining", WORKERS + 1)
    assert not calls.done()
    began = time.monotonic()
    assert await asyncio.to_thread(gateway.stop, signal.SIGTERM) == 128 + signal.SIGTERM
    assert time.monotonic() - began < LAST_SECONDS, "nothing had to be killed"
    assert len(await calls) == CONNECTIONS
    assert not any(map(is_running, workers))
    assert not (gateway.data_dir / "listeners.json").exists()


async def healths(gateway: Gateway) -> set[int]:
    """The health over gRPC, asked on new connections."""
    async with AsyncExitStack() as stack:
        channels = []
        for number in range(CONNECTIONS):
            # Channels of the same arguments share a connection.
            options = [("grpc.use_local_subchannel_pool", 1), ("tests.number", number)]
            channel = grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"], options=options)
            channels.append(await stack.enter_async_context(channel))
        stubs = map(health_pb2_grpc.HealthStub, channels)
        asked = health_pb2.HealthCheckRequest()
        return {answer.status for answer in await asyncio.gather(*(stub.Check(asked, timeout=10) for stub in stubs))}


@pytest.mark.parametrize("gateway", [{"proxy_grpc_listener": name} for name in GRPC_LISTENERS], indirect=True)
async def test_grpc_is_shared_too(gateway):
    assert await healths(gateway) == {health_pb2.HealthCheckResponse.SERVING}


# Of grpcio's alone: the other one does not close by itself.
async def test_a_grpc_listener_that_closes_by_itself_is_opened_again_though_others_listen(gateway):
    host, _, port = gateway.addresses["proxy_grpc"].rpartition(":")
    async with http2((host, int(port))) as wire:
        await wire.send(head(b"/\xff"), message(b"", end=True))
        assert (await wire.answer()).text == "CANCELLED"
    closed = f"The gRPC listener on port {port} has closed by itself; it is opened again."
    await asyncio.to_thread(gateway.event, closed)
    assert await healths(gateway) == {health_pb2.HealthCheckResponse.SERVING}


async def test_workers_end_with_their_supervisor(gateway):
    workers = [os.pidfd_open(pid) for pid in pids(gateway)]
    gateway.process.kill()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(20):
        for worker in workers:
            ended = loop.create_future()
            loop.add_reader(worker, lambda ended=ended: ended.done() or ended.set_result(None))
            await ended
            loop.remove_reader(worker)
            os.close(worker)
    gateway.stop()


def run(*words: str, settings: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tollwayd", *words]
    return subprocess.run(
        command, env=settings or environment(), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("listener", ["admin_http", "proxy_grpc", "metrics_http"])
def test_a_port_that_is_taken_is_told_in_one_line(tmp_path, listener):
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as server:
        taken = f"127.0.0.1:{server.getsockname()[1]}"
        ended = run("serve", "--workers", "2", settings=Gateway(tmp_path, **{listener: taken})._environment())
    said = f"tollway: TOLLWAY_{listener.upper()}: {taken} is taken by another program; stop it, or set another address."
    assert (ended.returncode, ended.stderr.splitlines()) == (1, [said])


def test_what_keeps_a_worker_from_starting_is_told_in_one_line(tmp_path):
    ended = run(
        "serve", "--workers", "2", settings=Gateway(tmp_path, master_keys="none", admin_key=None)._environment()
    )
    (said,) = ended.stderr.splitlines()
    assert (ended.returncode, said.split(":")[1]) == (2, " TOLLWAY_MASTER_KEYS")
    assert not (tmp_path / "admin.key").exists()  # Nobody has seen it.


def test_the_root_credential_is_shown_once(tmp_path):
    with Gateway(tmp_path, command="serve --workers 2", admin_key=None) as first:
        (shown,) = [line.rpartition(" ")[2] for line in first.output if "root credential" in line]
        first.admin().key = shown
        assert send(Request(first.url("admin_http") + "/v1/tenants", headers={"x-api-key": shown}))[0] == 200
        assert send(Request(first.url("admin_http") + "/v1/tenants", headers={"x-api-key": ADMIN_KEY}))[0] == 401
    with Gateway(tmp_path, command="serve --workers 2", admin_key=None) as second:
        assert not [line for line in second.output if "root credential" in line]


@pytest.mark.parametrize("words", [("--workers", "0"), ("--workers", "many"), ("--workers", "257")])
def test_a_number_of_workers_that_is_none_is_refused(words):
    ended = run("serve", *words)
    assert (ended.returncode, "--workers" in ended.stderr) == (2, True)


def test_the_translator_alone_is_one_process():
    ended = run("serve", "--workers", "2", "translator", "--descriptors", "none", "--upstream", "127.0.0.1:1")
    assert (ended.returncode, ended.stderr) == (2, "tollway: --workers: the translator alone is one process.\n")


def test_a_worker_by_itself_is_refused(tmp_path):
    ended = run("worker", settings=Gateway(tmp_path)._environment())
    said = "tollway: a worker is started by a supervisor; run 'tollway serve --workers N'.\n"
    assert (ended.returncode, ended.stderr) == (2, said)
