"""`python -m tests.bench.kinds_server REST_PORT GRPC_PORT`: tests.apis.kinds at both doors, as the gateway has them."""

from __future__ import annotations

import asyncio
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvloop

from tests.apis.kinds import MAX_BODY_BYTES, Echo, Kinds, registry
from tests.bench.processes import GATEWAY_CORE, free_port, running, wait_for
from tollwayd.memory import settle
from tollwayd.rpc.door import GrpcDoor
from tollwayd.translator.options import RestOptions
from tollwayd.translator.server import RestDoor

if TYPE_CHECKING:
    from collections.abc import Iterator


class Quiet(Echo):
    """The echo that remembers nothing; its streams are made message by message."""

    def _see(self, request, call) -> None:
        pass

    async def Watch(self, request, call):
        for number in range(request.count):
            yield Kinds(int32_value=number)


@contextmanager
def kinds_server() -> Iterator[tuple[int, int]]:
    """The server in a process of its own, on the core of what is measured; gives its REST and its gRPC port."""
    rest, grpc = free_port(), free_port()
    command = [sys.executable, "-m", "tests.bench.kinds_server", str(rest), str(grpc)]
    with running(command, core=GATEWAY_CORE, port=rest) as process:
        wait_for(grpc, process)
        yield rest, grpc


async def main(rest: int, grpc: int) -> None:
    """Serves until it is killed."""
    methods = registry(Quiet())
    await GrpcDoor(methods, max_body_bytes=MAX_BODY_BYTES).start("127.0.0.1", grpc)
    await RestDoor(methods, RestOptions(print_unset=False, max_body_bytes=MAX_BODY_BYTES)).start("127.0.0.1", rest)
    settle()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*map(int, sys.argv[1:])))
