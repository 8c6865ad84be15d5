"""Both listeners of each kind of door, for tests whose doors are to behave alike whatever listens.

Those of REST and gRPC go together, so that a folder runs with all of them in two turns: `aiohttp` with `grpcio`, and
`lean` with `lean`.
"""

from __future__ import annotations

import pytest

from tests.running.gateway import Gateway
from tollwayd.rpc.listeners.listener import GRPC_LISTENERS
from tollwayd.translator.listeners.listener import LISTENERS

PAIRS = dict(zip(LISTENERS, GRPC_LISTENERS, strict=True))
"""The gRPC listener beside each of REST."""

_chosen = ["lean"]
_chosen_grpc = ["grpcio"]


def listener() -> str:
    """The listener of the REST doors that the test at hand makes."""
    return _chosen[0]


def grpc_listener() -> str:
    """The listener of the gRPC doors that the test at hand makes."""
    return _chosen_grpc[0]


@pytest.fixture(params=LISTENERS, autouse=True)
def each_listener(request):
    """Has every test of a folder whose conftest imports this run with both."""
    before = _chosen[0], _chosen_grpc[0]
    _chosen[0], _chosen_grpc[0] = request.param, PAIRS[request.param]
    yield request.param
    _chosen[0], _chosen_grpc[0] = before


@pytest.fixture(params=GRPC_LISTENERS, autouse=True)
def each_grpc_listener(request):
    """Has every test of a file that takes this run with both gRPC listeners."""
    before, _chosen_grpc[0] = _chosen_grpc[0], request.param
    yield request.param
    _chosen_grpc[0] = before


@pytest.fixture(scope="module", params=LISTENERS)
def gateway(request, tmp_path_factory):
    """A gateway for the tests of a file that takes this for its own, with each listener at the proxy's REST port and
    the one beside it at both gRPC ports."""
    grpc = PAIRS[request.param]
    settings = {"proxy_listener": request.param, "proxy_grpc_listener": grpc, "admin_grpc_listener": grpc}
    with Gateway(tmp_path_factory.mktemp(request.param), **settings) as running:
        yield running
