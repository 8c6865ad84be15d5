"""The load generator, over HTTP/1.1 and HTTP/2: it counts what was answered, and what was not as it should be."""

from __future__ import annotations

import shutil
import sys
from asyncio import to_thread
from functools import partial

import grpc
import pytest

from tests.bench.loads.generator import Generator
from tests.bench.scenes.request import Request
from tests.bench.subjects.echo import Echo
from tests.bench.upstreams.answers import TEXT, TOKENS

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("cc") or not shutil.which("taskset"), reason="it is in C, for Linux"
)

BODY = b'{"model": "gpt", "messages": [{"role": "user", "content": "Hello!"}]}'
SECONDS = 0.6


@pytest.fixture
def generator(tmp_path):
    return Generator(tmp_path)


@pytest.fixture
async def echo_port(request):
    """An empty gRPC server's, that answers in the shape which the test is parametrised with."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Echo(request.param),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield port
    await server.stop(None)


def chat(port: int, **fields) -> Request:
    return Request(port, "/v1/chat/completions", BODY, **fields)


def call(port: int, size: int = 10, **fields) -> Request:
    return Request(port, "/p.S/M", b"m" * size, grpc=True, **fields)


async def test_answers_of_a_closed_loop_are_counted(generator, provider):
    driven = await to_thread(generator.closed, chat(provider.port, least=100), 2, SECONDS)
    assert driven.load.failed == 0
    assert driven.load.rate > 0
    assert len([each for each in driven.made if each.ok]) >= len(provider.requests) - 2
    assert 0 < driven.load.first_p50 <= driven.load.p50 <= driven.load.p99


@pytest.mark.parametrize("answer", [{"status": 500}, {"text": "Short."}, {"fault": {"kind": "close"}}])
async def test_an_answer_that_is_not_as_it_should_be_has_failed(generator, provider, answer):
    provider.use({"rules": [{"answer": answer}]})
    driven = await to_thread(generator.closed, chat(provider.port, least=5000), 2, SECONDS)
    assert driven.made
    assert not any(each.ok for each in driven.made)


async def test_of_an_open_loop_each_request_counts_from_when_it_was_due_however_late_it_is_sent(generator, provider):
    provider.use({"rules": [{"answer": {"text": "Late.", "latency": 0.2}}]})
    driven = await to_thread(partial(generator.open, chat(provider.port), 1, 0.8, rate=20))
    assert len(driven.made) == 16
    first, *_, last = sorted(driven.made)
    assert last.intended - first.intended == pytest.approx(15 / 20 * 1e9, abs=1e3)
    # One connection takes five a second, so the others stand in line.
    assert driven.load.p99 > 1000


@pytest.mark.parametrize("echo_port", ["unary"], indirect=True)
@pytest.mark.parametrize("size", [10, 300_000])
async def test_grpc_calls_of_any_size_are_answered(generator, echo_port, size):
    driven = await to_thread(generator.closed, call(echo_port, size, least=len(TEXT)), 2, SECONDS)
    assert any(each.ok for each in driven.made)
    assert driven.load.failed == 0


@pytest.mark.parametrize("echo_port", ["unary"], indirect=True)
async def test_a_grpc_answer_that_is_too_short_has_failed(generator, echo_port):
    driven = await to_thread(generator.closed, call(echo_port, least=10_000), 2, SECONDS)
    assert driven.made
    assert not any(each.ok for each in driven.made)


@pytest.mark.parametrize("echo_port", ["paced"], indirect=True)
async def test_the_way_of_each_token_is_told(generator, echo_port):
    driven = await to_thread(partial(generator.paced, call(echo_port), 2, 0.5, rate=2, warm=0))
    assert len(driven.made) == 1
    assert len(driven.tokens) == TOKENS
    assert 0 <= driven.tokens[0] <= driven.tokens[-1] < 1000
