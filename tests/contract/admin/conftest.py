from __future__ import annotations

import pytest
import pytest_asyncio

from tests.contract.admin.harness import LOOPBACK, Admin, Meddled, vendor
from tests.contract.memory_store import MemoryResourceStore
from tollway.admin.v1.tenants_pb2 import CreateTenantRequest
from tollwayd.security.keyring import Keyring
from tollwayd.upstream.egress import EgressRules


@pytest.fixture
def memory_store():
    return MemoryResourceStore()


@pytest.fixture(params=["memory_store", "redis_store"])
def store(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def keyring():
    return Keyring({"k1": b"o" * 32})


@pytest.fixture
def meddled(store):
    return Meddled(store)


@pytest_asyncio.fixture
async def admin(meddled, keyring):
    """The Admin API over an empty store."""
    admin = Admin(meddled, keyring, EgressRules(LOOPBACK))
    yield admin
    await admin.client.close()


@pytest_asyncio.fixture
async def acme(admin):
    """The name of a tenant that exists."""
    return (await admin(CreateTenantRequest(tenant_id="acme", tenant={"display_name": "Acme"}))).name


@pytest_asyncio.fixture(name="vendor")
async def running_vendor():
    async with vendor() as running:
        yield running
