"""Requests that are refused before they are calls are counted, by listener and reason."""

from __future__ import annotations

from urllib.request import Request

import pytest

from tests.running.gateway import send
from tests.wire.http1 import connect, get


def counted(gateway) -> dict[str, float]:
    _, text = send(Request(gateway.url("metrics_http") + "/metrics"))
    lines = [line for line in text.decode().splitlines() if line.startswith("tollway_refused_requests_total{")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


@pytest.mark.parametrize("listener", ["admin_http", "proxy_http"])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (get("/nothing"), "ROUTE_NOT_FOUND"),
        (b"CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n", "HTTP_METHOD_UNSUPPORTED"),
        (b"garbage\r\n\r\n", "REQUEST_MALFORMED"),
        (get(f"/{'a' * 9000}"), "TARGET_TOO_LONG"),
    ],
)
async def test_a_refusal_is_counted(gateway, listener, data, reason):
    before = counted(gateway)
    host, _, port = gateway.addresses[listener].rpartition(":")
    async with connect((host, int(port))) as connection:
        await connection.send(data)
        assert (await connection.response()).status >= 400
    name = f'tollway_refused_requests_total{{listener="{listener}",reason="{reason}"}}'
    assert counted(gateway)[name] - before.get(name, 0) == 1
    assert "garbage" not in str(counted(gateway))
