"""A server that is none of ours, a translator before it, and a client."""

from __future__ import annotations

import aiohttp
import pytest

from tests.apis.harbour import Harbour, serve, write_set
from tests.bench.processes import free_port
from tests.running.translator import Translator


@pytest.fixture(scope="session")
def descriptors(tmp_path_factory):
    """The file of the server's descriptor set."""
    return write_set(tmp_path_factory.mktemp("set") / "harbour.binpb")


@pytest.fixture
def harbour():
    """The server's servicer."""
    return Harbour()


@pytest.fixture(scope="session")
def port():
    """Where the server listens, in one test after the other."""
    return free_port()


@pytest.fixture
async def upstream(harbour, port):
    """The server's address."""
    async with serve(harbour, port) as address:
        yield address


@pytest.fixture(scope="session")
def before_port(descriptors, port):
    """`tollway serve translator` before the server, for all tests: it finds each test's server anew."""
    with Translator(descriptors, ("127.0.0.1", port)) as running:
        yield running


@pytest.fixture
def translator(before_port, upstream):
    """`tollway serve translator` before the server."""
    return before_port


@pytest.fixture
async def client(translator):
    """A client of the translator."""
    async with aiohttp.ClientSession(translator.url("")) as made:
        yield made
