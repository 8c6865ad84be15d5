"""One servicer, its doors, and one Envoy for all cases: they run one after another on one loop."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.apis.compiled import descriptor_set
from tests.apis.kinds import MAX_BODY_BYTES, PROTO, Echo, serve
from tests.conformance.transcoding.envoy import PROGRAM, envoy
from tests.running.translator import Translator


@pytest.fixture(scope="session")
def echo():
    """The servicer behind all doors."""
    return Echo()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def doors(echo):
    """The addresses of the doors."""
    async with serve(echo) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def alone(doors, tmp_path_factory):
    """The addresses of two translators by themselves before the gRPC door; "zeros" prints zero values."""
    path = tmp_path_factory.mktemp("alone") / "kinds.binpb"
    path.write_bytes(descriptor_set(PROTO, imports=True).SerializeToString())
    limit = ("--max-body-bytes", str(MAX_BODY_BYTES))
    with (
        Translator(path, doors["grpc"], *limit) as rest,
        Translator(path, doors["grpc"], *limit, "--print-unset") as zeros,
    ):
        yield {"rest": rest.address, "zeros": zeros.address}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def transcoder(doors, tmp_path_factory):
    """The addresses of the listeners of an Envoy before the gRPC door."""
    if not PROGRAM.exists():
        pytest.skip("Envoy is not installed: requirements-bench.lock has it")
    async with envoy(tmp_path_factory.mktemp("envoy"), doors["grpc"]) as listeners:
        yield listeners
