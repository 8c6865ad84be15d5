"""The life of a process: restart, drain, several on one Redis, kill -9, settings, and what it writes down."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from urllib.request import Request

import grpc
import openai
import psutil
import pytest
from google.protobuf.json_format import ParseDict
from grpc_health.v1 import health_pb2, health_pb2_grpc
from openai import AsyncOpenAI

from tests.bench.processes import free_port
from tests.running.gateway import ADMIN_KEY, PROVIDER_KEY, ROOT, Admin, Gateway, send
from tollway.proxy.v1 import inference_pb2, inference_pb2_grpc
from tollwayd.doors import NOTICE_SECONDS
from tollwayd.mock import MockProvider
from tollwayd.state.embedded import EmbeddedRedis
from tollwayd.translator.listeners.listener import LISTENERS

HELLO = [{"role": "user", "content": "Hello there!"}]
CANARY = "canary-of-the-prompt"


def status(gateway: Gateway, secret: str) -> int:
    request = Request(gateway.url("proxy_http") + "/v1/models", headers={"Authorization": f"Bearer {secret}"})
    return send(request)[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_keys_and_models_outlive_the_process(tmp_path, number):
    gateway = Gateway(tmp_path)
    gateway.start()
    tenant = gateway.admin().tenant(openai=f"http://127.0.0.1:{free_port()}")
    tenant.model("gpt", {"provider": "openai", "model": "gpt-upstream"})
    secret = tenant.key()
    gateway.stop(number=number)
    with gateway:
        request = Request(gateway.url("proxy_http") + "/v1/models", headers={"Authorization": f"Bearer {secret}"})
        assert [model["id"] for model in json.loads(send(request)[1])["data"]] == ["gpt"]


def test_a_stop_is_clean(tmp_path):
    gateway = Gateway(tmp_path)
    gateway.start()
    assert gateway.stop(number=signal.SIGTERM) == 0


@pytest.mark.parametrize("listener", LISTENERS)
async def test_a_call_under_way_ends_well_while_the_gateway_drains(tmp_path, listener):
    async with MockProvider({"rules": [{"answer": {"latency": 0.5}}]}) as provider:
        with Gateway(tmp_path, drain_seconds="5", proxy_listener=listener) as gateway:
            tenant = await asyncio.to_thread(gateway.admin().tenant, openai=provider.url)
            tenant.model("gpt", {"provider": "openai", "model": "gpt-upstream"})
            async with AsyncOpenAI(
                base_url=gateway.url("proxy_http") + "/v1", api_key=tenant.key(), max_retries=0
            ) as client:
                call = asyncio.create_task(client.chat.completions.create(model="gpt", messages=HELLO))
                await provider.next_request()
                gateway.process.send_signal(signal.SIGTERM)
                assert (await call).choices[0].message.content == "Hello there!"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_second_signal_ends_the_drain_at_once(tmp_path, number):
    async with MockProvider({"rules": [{"answer": {"latency": 60}}]}) as provider:
        with Gateway(tmp_path, drain_seconds="60") as gateway:
            tenant = await asyncio.to_thread(gateway.admin().tenant, openai=provider.url)
            tenant.model("gpt", {"provider": "openai", "model": "gpt-upstream"})
            secret = tenant.key()
            calls = [asyncio.create_task(held(gateway, secret)) for held in (held_over_rest, held_over_grpc)]
            for _ in calls:
                await provider.next_request()
            gateway.process.send_signal(number)
            draining = await asyncio.to_thread(gateway.event, "draining")
            assert draining["calls"] == len(calls)
            await asyncio.sleep(1.5)  # Past the notice: the doors wait for the calls.
            begun = time.monotonic()
            assert await asyncio.to_thread(gateway.stop, number=number) == 128 + number
            assert time.monotonic() - begun < 3
            await asyncio.gather(*calls)
    assert "Traceback" not in "\n".join(gateway.log)
    assert gateway.event("stopped")


async def held_over_rest(gateway: Gateway, secret: str) -> None:
    async with AsyncOpenAI(base_url=gateway.url("proxy_http") + "/v1", api_key=secret, max_retries=0) as client:
        with pytest.raises(openai.APIError):
            await client.chat.completions.create(model="gpt", messages=HELLO)


async def held_over_grpc(gateway: Gateway, secret: str) -> None:
    async with grpc.aio.insecure_channel(gateway.addresses["proxy_grpc"]) as channel:
        message = {"role": "ROLE_USER", "parts": [{"text": {"text": "Hello there!"}}]}
        request = ParseDict({"model": "gpt", "messages": [message]}, inference_pb2.GenerateRequest())
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.Generate(request, metadata=(("authorization", f"Bearer {secret}"),))


async def test_starting_redis_again_under_calls_leaves_no_word_of_grpc_in_the_log(tmp_path):
    with Gateway(tmp_path) as gateway:
        async with grpc.aio.insecure_channel(gateway.addresses["admin_grpc"]) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            request = health_pb2.HealthCheckRequest(service="tollway.admin.v1.TenantService")
            for _ in range(3):
                redis = next(
                    p for p in psutil.Process(gateway.process.pid).children(recursive=True) if "redis" in p.name()
                )
                redis.kill()
                until = time.monotonic() + 1
                while time.monotonic() < until:
                    await check(request)
    assert not [line for line in gateway.log if "fork" in line]


def test_an_idle_gateway_stops_after_the_notice(tmp_path):
    gateway = Gateway(tmp_path, drain_seconds="10")
    gateway.start()
    begun = time.monotonic()
    gateway.stop()
    assert NOTICE_SECONDS <= time.monotonic() - begun < NOTICE_SECONDS + 0.9
    assert gateway.event("draining")["calls"] == 0
    assert gateway.event("stopped")


async def test_two_processes_on_one_redis_see_a_change_within_a_second(tmp_path):
    redis = EmbeddedRedis(tmp_path / "shared")
    await redis.start()
    try:
        keyring = "k1:" + "A" * 43 + "="
        shared = {"redis_url": redis.url, "master_keys": keyring}
        with Gateway(tmp_path / "one", **shared) as one, Gateway(tmp_path / "two", **shared) as two:
            secret = await asyncio.to_thread(lambda: one.admin().tenant().key())
            begun = time.monotonic()
            while await asyncio.to_thread(status, two, secret) != 200:
                assert time.monotonic() - begun < 1
            assert await asyncio.to_thread(status, one, secret) == 200
    finally:
        await redis.stop()


async def test_no_secret_is_written_anywhere(tmp_path):
    async with MockProvider({"rules": [{"times": 1, "answer": {"status": 401}}]}) as provider:
        with Gateway(tmp_path) as gateway:
            tenant = await asyncio.to_thread(gateway.admin().tenant, openai=provider.url)
            tenant.model("gpt", {"provider": "openai", "model": "gpt-upstream"})
            secret = tenant.key()
            async with AsyncOpenAI(base_url=gateway.url("proxy_http") + "/v1", api_key=secret, max_retries=1) as client:
                await client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": CANARY}])
            metrics = send(Request(gateway.url("metrics_http") + "/metrics"))[1].decode()
            gateway.stop()
        written = "\n".join([metrics, *gateway.log, *gateway.output])
        assert "tollway_tokens_total" in metrics
        stored = b"".join(path.read_bytes() for path in (tmp_path / "redis").rglob("*") if path.is_file())
        for canary in (secret, PROVIDER_KEY, ADMIN_KEY, CANARY):
            assert canary not in written
            assert canary.encode() not in stored


def test_one_log_line_a_call_says_what_it_was(gateway):
    tenant = gateway.admin().tenant()
    gateway.log.clear()
    assert status(gateway, tenant.key()) == 200
    line = gateway.logged("OpenAIService/ListModels")
    assert line["tenant"] == tenant.name
    assert line["outcome"] == "OK"
    assert len(line["call"]) == 32


def test_secret_files_are_for_their_owner_alone(gateway):
    assert stat.S_IMODE((gateway.data_dir / "master.keys").stat().st_mode) == 0o600


def test_a_root_credential_is_made_and_shown_once(tmp_path):
    gateway = Gateway(tmp_path, admin_key="")
    environment = {name: value for name, value in gateway._environment().items() if name != "TOLLWAY_ADMIN_KEY"}
    gateway._environment = lambda: environment
    with gateway:
        shown = [line for line in gateway.output if "tw_" in line]
    gateway.output.clear()
    with gateway:
        assert len(shown) == 1
        assert not [line for line in gateway.output if "tw_" in line]


def test_a_root_credential_of_a_start_that_failed_is_shown_by_the_next(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        failing = Gateway(tmp_path, admin_key=None, metrics_http=f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(AssertionError, match="TOLLWAY_METRICS_HTTP"):
            failing.start()
        failing.stop()
    with Gateway(tmp_path, admin_key=None) as gateway:
        (shown,) = [line.split()[-1] for line in gateway.output if "tw_" in line]
        assert Admin(gateway.url("admin_http"), shown)("GET", "/v1/tenants") == {"tenants": [], "nextPageToken": ""}


def keyring(key_id: str) -> str:
    return f"{key_id}:{'A' * 43}="


def test_a_start_with_another_keyring_tells_what_is_useless_under_it(tmp_path):
    with Gateway(tmp_path, master_keys=keyring("one")) as gateway:
        tenant = gateway.admin().tenant(openai=f"http://127.0.0.1:{free_port()}")
        tenant.key()
        secret = tenant.key()
    with Gateway(tmp_path, master_keys=keyring("two")) as gateway:
        assert status(gateway, secret) == 401
        (line,) = [line for line in gateway.log if "missing_key_ids" in line]
        assert json.loads(line)["event"].startswith("2 API keys and 1 providers cannot be used: the keyring lacks ")
        assert json.loads(line)["missing_key_ids"] == ["one"]
    gateway = Gateway(tmp_path, master_keys=f"{keyring('two')},{keyring('one')}")
    with gateway:
        assert status(gateway, secret) == 200
    assert "missing_key_ids" not in "\n".join(gateway.log)


def test_the_listeners_are_written_down_while_they_are_there(tmp_path):
    with Gateway(tmp_path, admin_key=None) as first:
        with Gateway(tmp_path, admin_key=None) as second:
            first.stop()
            assert json.loads((tmp_path / "listeners.json").read_text()) == second.addresses
        assert not (tmp_path / "listeners.json").exists()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TOLLWAY_TYPO", "1", "TOLLWAY_TYPO"),
        ("TOLLWAY_ADMIN_HTTP", "nowhere", "host:port"),
        ("TOLLWAY_EGRESS_ALLOW", "loopback", "TOLLWAY_EGRESS_ALLOW"),
    ],
)
def test_a_wrong_setting_ends_the_start_and_is_named(tmp_path, name, value, said):
    environment = {**Gateway(tmp_path)._environment(), name: value}
    run = subprocess.run(
        [sys.executable, "-m", "tollwayd", "serve"], env=environment, cwd=ROOT, capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert said in run.stderr
    assert os.environ.get(name) is None


def test_health_and_readiness(gateway):
    for path in ("/healthz", "/readyz"):
        assert send(Request(gateway.url("metrics_http") + path))[0] == 200
