"""Tenants: the standard methods and their conditions, which all kinds share."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tollway.admin.v1.api_keys_pb2 import CreateApiKeyRequest
from tollway.admin.v1.tenants_pb2 import (
    CreateTenantRequest,
    DeleteTenantRequest,
    GetTenantRequest,
    Tenant,
    UpdateTenantRequest,
)
from tollwayd.admin.resources.collection import MAX_ATTEMPTS

ACME = "tenants/acme"


def renaming(display_name: str, **fields) -> UpdateTenantRequest:
    return UpdateTenantRequest(tenant=Tenant(name=ACME, display_name=display_name, **fields))


async def test_a_tenant_reads_back_as_it_was_created(admin):
    earliest = Timestamp()
    earliest.GetCurrentTime()
    created = await admin(CreateTenantRequest(tenant_id="acme", tenant={"display_name": "Acme", "disabled": True}))

    assert (created.name, created.display_name, created.disabled) == (ACME, "Acme", True)
    assert created.create_time == created.update_time
    assert created.create_time.ToNanoseconds() >= earliest.ToNanoseconds()
    assert created == await admin(GetTenantRequest(name=ACME))


async def test_what_the_gateway_gives_cannot_be_sent(admin):
    forged = {"name": "tenants/evil", "create_time": {"seconds": 1}, "update_time": {"seconds": 1}, "etag": '"99"'}
    created = await admin(CreateTenantRequest(tenant_id="acme", tenant=forged))
    updated = await admin(renaming("New", create_time={"seconds": 1}))

    assert created.name == ACME
    assert created.create_time.seconds > 1
    assert updated.create_time == created.create_time
    assert '"99"' not in (created.etag, updated.etag)


async def test_a_name_is_taken_once(admin, acme):
    assert await admin.reason(CreateTenantRequest(tenant_id="acme", tenant={})) == "RESOURCE_EXISTS"


async def test_an_update_changes_its_fields_the_time_and_the_etag(admin, acme):
    before = await admin(GetTenantRequest(name=acme))
    after = await admin(
        UpdateTenantRequest(tenant={"name": acme, "disabled": True}, update_mask={"paths": ["disabled"]})
    )

    assert (after.display_name, after.disabled) == ("Acme", True)
    assert after.create_time == before.create_time
    assert after.update_time.ToNanoseconds() > before.update_time.ToNanoseconds()
    assert after.etag != before.etag
    assert after == await admin(GetTenantRequest(name=acme))


async def test_an_update_at_the_present_etag_goes_through_once(admin, acme):
    etag = (await admin(GetTenantRequest(name=acme))).etag

    assert (await admin(renaming("First", etag=etag))).display_name == "First"
    assert await admin.reason(renaming("Second", etag=etag)) == "ETAG_MISMATCH"
    assert (await admin(GetTenantRequest(name=acme))).display_name == "First"


async def test_an_update_at_an_etag_is_not_tried_again_over_somebody_elses_write(admin, acme, meddled):
    etag = (await admin(GetTenantRequest(name=acme))).etag
    calls = []

    async def meddle():
        meddled.meddle = None
        calls.append(await admin(renaming("Theirs")))

    meddled.meddle = meddle

    assert await admin.reason(renaming("Mine", etag=etag)) == "ETAG_MISMATCH"
    assert len(calls) == 1
    assert (await admin(GetTenantRequest(name=acme))).display_name == "Theirs"


async def test_an_update_without_an_etag_keeps_what_others_write_at_the_same_time(admin, acme, meddled):
    async def meddle():
        meddled.meddle = None
        await admin(UpdateTenantRequest(tenant={"name": acme, "disabled": True}))

    meddled.meddle = meddle
    updated = await admin(renaming("Mine"))

    assert (updated.display_name, updated.disabled) == ("Mine", True)


async def test_writers_without_etags_all_get_through(admin, acme):
    await asyncio.gather(*(admin(renaming(f"Writer {number}")) for number in range(MAX_ATTEMPTS)))

    assert (await admin(GetTenantRequest(name=acme))).display_name.startswith("Writer")


async def test_a_write_that_always_comes_second_gives_up(admin, acme, meddled, store):
    attempts = []

    async def meddle():
        attempts.append(await store.get("tenants", acme))
        await store.update("tenants", acme, attempts[-1].record, version=attempts[-1].version)

    meddled.meddle = meddle

    assert await admin.reason(renaming("Mine")) == "ETAG_MISMATCH"
    assert len(attempts) == MAX_ATTEMPTS


@pytest.mark.parametrize("etag", ["42", "*", 'W/"1"'])
async def test_an_etag_of_another_form_is_a_wrong_field(admin, acme, etag):
    updating = await admin.refusal(renaming("x", etag=etag))
    deleting = await admin.refusal(DeleteTenantRequest(name=acme, etag=etag))

    assert [violation.field for violation in updating.violations] == ["tenant.etag"]
    assert [violation.field for violation in deleting.violations] == ["etag"]


async def test_an_update_needs_a_name(admin, acme):
    refusal = await admin.refusal(UpdateTenantRequest(tenant={"display_name": "x"}))

    assert [violation.field for violation in refusal.violations] == ["tenant.name"]


@pytest.mark.parametrize("name", ["tenants/none", "tenants/UPPER", "tenants/{acme}", "tenants/a\nb"])
async def test_what_does_not_exist_is_not_found_by_any_method(admin, acme, name):
    for request in (
        GetTenantRequest(name=name),
        UpdateTenantRequest(tenant={"name": name, "display_name": "x"}),
        DeleteTenantRequest(name=name),
    ):
        assert await admin.reason(request) == "RESOURCE_NOT_FOUND"


async def test_a_delete_may_name_the_etag(admin, acme):
    stale = (await admin(GetTenantRequest(name=acme))).etag
    present = (await admin(renaming("New"))).etag

    assert await admin.reason(DeleteTenantRequest(name=acme, etag=stale)) == "ETAG_MISMATCH"
    await admin(DeleteTenantRequest(name=acme, etag=present))
    assert await admin.reason(GetTenantRequest(name=acme)) == "RESOURCE_NOT_FOUND"


async def test_a_tenant_that_owns_something_is_deleted_by_force_only(admin, acme):
    await admin(CreateApiKeyRequest(parent=acme, api_key_id="desk", api_key={}))

    assert await admin.reason(DeleteTenantRequest(name=acme)) == "RESOURCE_IN_USE"
    await admin(DeleteTenantRequest(name=acme, force=True))
    assert await admin.stored() == b""
