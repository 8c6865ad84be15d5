"""An empty gRPC server, `python -m tests.bench.subjects.echo PORT SHAPE`: what grpc.aio alone makes of a scene's calls.

It reads no message and writes the same bytes whatever it is asked, whole or as a stream; it asks no provider.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

import grpc
import uvloop

from tests.bench.processes import GATEWAY_CORE, free_port, running
from tests.bench.upstreams.answers import PACE_SECONDS, TEXT, TOKENS, WORD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import ExitStack

    from tests.bench.scenes.scene import Scene
    from tests.bench.subjects.subject import Subject


class Echo(grpc.GenericRpcHandler):
    """Answers every method in the shape of a scene."""

    def __init__(self, shape: str) -> None:
        if shape == "unary":
            self._handler = grpc.unary_unary_rpc_method_handler(_whole)
        else:
            self._handler = grpc.unary_stream_rpc_method_handler(_paced if shape == "paced" else _fast)

    def service(self, _: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return self._handler


async def _whole(*_: object) -> bytes:
    return TEXT.encode()


async def _fast(*_: object) -> AsyncIterator[bytes]:
    for _number in range(TOKENS):
        yield WORD.encode()


async def _paced(*_: object) -> AsyncIterator[bytes]:
    began = time.monotonic()
    for number in range(TOKENS):
        await asyncio.sleep(began + number * PACE_SECONDS - time.monotonic())
        yield f"@{time.time_ns():019d}".encode()


def start_echo(stack: ExitStack, scene: Scene, like: Subject) -> Subject:
    """Starts one, and asks it what the other subject is asked."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.subjects.echo", str(port), scene.shape]
    process = stack.enter_context(running(command, core=GATEWAY_CORE, port=port))
    return like._replace(name="echo", request=like.request._replace(port=port), processes=(process.pid,), store=())


async def main(port: str, shape: str) -> None:
    """Serves until it is killed."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Echo(shape),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
