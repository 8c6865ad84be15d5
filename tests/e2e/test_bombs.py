"""Small JSON that would cost much: refused on both REST ports, cheaply, and with none of it in the answer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.request import Request

import pytest

from tests.bench.processes import resident_bytes
from tests.running.gateway import ADMIN_KEY, send
from tollwayd.translator.protojson.text import MAX_JSON_DEPTH

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the kernel does not tell CPU time here")

CANARY = "canary-of-the-bomb"
CPU_SECONDS = 0.5
"""Of a megabyte, at most; most take a tenth of it, and a slow machine is no failure."""

MAX_GROWTH = 32
"""Bytes resident for each byte of a bomb, at most: an empty message in JSON has 3 bytes and is an object of 60."""


def nested(depth: int) -> bytes:
    """An object of that many levels in all."""
    return b'{"%b":' % CANARY.encode() * (depth - 1) + b"{}" + b"}" * (depth - 1)


BOMBS = {
    "a level too deep": nested(MAX_JSON_DEPTH + 1),
    "objects without end": b'{"%b":' % CANARY.encode() * 40_000,
    "arrays without end": b"[" * 1_000_000,
    "a wide object": b"{%b}" % b",".join(b'"%b%d":1' % (CANARY.encode(), number) for number in range(30_000)),
    "many messages": b'{"messages":[%b]}' % b",".join([b"{}"] * 300_000),
    "a long name": b'{"%b":1}' % (CANARY.encode() * 50_000),
    "a long string": b'{"name":"%b"}' % (CANARY.encode() * 50_000),
    "a long number": b'{"temperature":%b}' % (b"1" * 900_000),
    "a long fraction": b'{"temperature":0.%b}' % (b"1" * 900_000),
    "one name twice": b'{"model":"gpt","messages":[],"model":"%b"}' % CANARY.encode(),
    "not a number": b'{"temperature":NaN}',
    "infinity": b'{"temperature":-Infinity}',
    "a number beyond all": b'{"temperature":1e400}',
    "half a surrogate": b'{"model":"\\ud800"}',
    "a byte order mark": b"\xef\xbb\xbf{}" + CANARY.encode(),
    "two documents": b"{}" + b'{"%b":1}' % CANARY.encode(),
}


@pytest.fixture(params=["/v1/tenants?tenant_id=bomb", "/v1/inference:generate"], ids=["admin", "proxy"])
def post(request, gateway):
    """Sends a body to a typed method of a port."""
    is_admin = "tenants" in request.param
    url = gateway.url("admin_http" if is_admin else "proxy_http") + request.param
    secret = ADMIN_KEY if is_admin else gateway.admin().tenant().key()
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    return lambda body: send(Request(url, body, headers, method="POST"))


def cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_cheaply(gateway, post, body):
    process = gateway.process.pid
    seconds, resident = cpu_seconds(process), resident_bytes(process)
    status, answer = post(body)
    assert status == 400, answer
    assert json.loads(answer)["details"][0]["domain"] == "tollway.dev"
    assert CANARY.encode() not in answer
    assert len(answer) < 2000
    assert cpu_seconds(process) - seconds < CPU_SECONDS
    assert resident_bytes(process) - resident < MAX_GROWTH * len(body) + 4e6


@pytest.mark.parametrize(("depth", "too_deep"), [(MAX_JSON_DEPTH, False), (MAX_JSON_DEPTH + 1, True)])
def test_the_limit_of_depth(post, depth, too_deep):
    status, answer = post(nested(depth))
    assert status == 400
    assert (json.loads(answer)["details"][0]["reason"] == "JSON_TOO_DEEP") == too_deep
