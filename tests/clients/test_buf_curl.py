"""buf curl, which is connect-go and grpc-go, meets the same at the doors over each protocol that it speaks."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.apis import calls
from tests.apis.calls import SERVICE, Calls, serve
from tests.apis.compiled import descriptor_set

BUF = Path(sys.prefix) / "bin" / "buf"

PROTOCOLS = {
    "connect": ("connect", "rest"),
    "grpcweb": ("grpcweb", "rest"),
    "grpc": ("grpc", "grpc", "--http2-prior-knowledge"),
}


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    path = tmp_path_factory.mktemp("schema") / "calls.binpb"
    path.write_bytes(descriptor_set(calls.PROTO, imports=True).SerializeToString())
    return path


@pytest.fixture(params=PROTOCOLS.values(), ids=PROTOCOLS)
async def curl(request, schema):
    """Calls a method with messages; gives the status, the messages of the answer, and what was said on errors."""
    protocol, door, *flags = request.param

    async def called(url, *messages):
        data = "".join(map(json.dumps, messages))
        command = (BUF, "curl", "--schema", schema, "--protocol", protocol, *flags, "--data", data, url)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*map(str, command), stdout=pipe, stderr=pipe)
        async with asyncio.timeout(60):
            printed, errors = await process.communicate()
        return process.returncode, _documents(printed.decode()), errors.decode()

    async with serve(Calls()) as (_, rest, grpc):
        host, port = {"rest": rest, "grpc": grpc}[door]
        yield lambda name, *messages: called(f"http://{host}:{port}{SERVICE}/{name}", *messages)


def _documents(text):
    found, decoder = [], json.JSONDecoder()
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


async def test_every_kind_of_method(curl):
    assert await curl("Say", {"text": "é", "number": 7}) == (0, [{"text": "é", "number": 7}], "")
    assert await curl("Count", {"text": "a", "number": 2}) == (0, [{"text": "a"}, {"text": "a", "number": 1}], "")
    lines = [{"number": 1}, {"number": 2}]
    assert await curl("Collect", *lines) == (0, [{"lines": lines}], "")


async def test_an_error_with_its_details(curl):
    status, answers, said = await curl("Say", {"code": 5, "text": "no"})
    assert (status, answers) == (5 << 3, [])
    error = json.loads(said)
    assert (error["code"], error["message"]) == ("not_found", "no")
    assert error["details"][0]["type"] == "google.rpc.ErrorInfo"
