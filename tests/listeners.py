"""Both of the REST door's listeners, for tests whose doors are to behave alike whatever listens."""

from __future__ import annotations

import pytest

from tests.gateway import Gateway
from tollwayd.translator.listeners.listener import LISTENERS

_chosen = ["lean"]


def listener() -> str:
    """The listener of the doors that the test at hand makes."""
    return _chosen[0]


@pytest.fixture(params=LISTENERS, autouse=True)
def each_listener(request):
    """Has every test of a folder whose conftest imports this run with both."""
    before, _chosen[0] = _chosen[0], request.param
    yield request.param
    _chosen[0] = before


@pytest.fixture(scope="module", params=LISTENERS)
def gateway(request, tmp_path_factory):
    """A gateway for the tests of a file that takes this for its own, with each listener at the proxy's REST port."""
    with Gateway(tmp_path_factory.mktemp(request.param), proxy_listener=request.param) as running:
        yield running
