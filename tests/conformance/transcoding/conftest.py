"""One servicer, its doors, and one Envoy for all cases: they run one after another on one loop."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.conformance.transcoding.envoy import PROGRAM, envoy
from tests.kinds import Echo, serve


@pytest.fixture(scope="session")
def echo():
    """The servicer behind all doors."""
    return Echo()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def doors(echo):
    """The addresses of the doors."""
    async with serve(echo) as addresses:
        yield addresses


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def transcoder(doors, tmp_path_factory):
    """The addresses of the listeners of an Envoy before the gRPC door."""
    if not PROGRAM.exists():
        pytest.skip("Envoy is not installed: requirements-bench.lock has it")
    async with envoy(tmp_path_factory.mktemp("envoy"), doors["grpc"]) as listeners:
        yield listeners
