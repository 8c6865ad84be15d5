"""Listings: pages, tokens and filters."""

from __future__ import annotations

import pytest

from tollway.admin.v1.models_pb2 import ListModelsRequest
from tollway.admin.v1.tenants_pb2 import CreateTenantRequest, ListTenantsRequest
from tollwayd.admin.resources import listing


async def make_tenants(admin, count: int) -> list[str]:
    for number in range(count):
        await admin(CreateTenantRequest(tenant_id=f"t{number:03}", tenant={"disabled": number % 3 == 0}))
    return [f"tenants/t{number:03}" for number in range(count)]


async def pages(admin, **arguments) -> list[list[str]]:
    """Every page of a listing of tenants, as names."""
    found, token = [], ""
    while True:
        answer = await admin(ListTenantsRequest(page_token=token, **arguments))
        found.append([tenant.name for tenant in answer.tenants])
        token = answer.next_page_token
        if not token:
            return found


async def test_pages_cover_everything_once_in_the_order_of_names(admin):
    names = await make_tenants(admin, 7)

    assert await pages(admin, page_size=3) == [names[:3], names[3:6], names[6:]]
    assert await pages(admin, page_size=7) == [names]


async def test_an_empty_listing_is_one_empty_page(admin):
    assert await pages(admin) == [[]]
    assert await pages(admin, filter="disabled = true") == [[]]


@pytest.mark.parametrize(("asked", "given"), [(0, 50), (1001, 1000), (2**31 - 1, 1000)])
async def test_the_page_size_has_a_default_and_a_maximum(admin, store, asked, given):
    for number in range(given + 2):
        await store.create("tenants", f"tenants/t{number:04}", b"")

    answer = await admin(ListTenantsRequest(page_size=asked))

    assert len(answer.tenants) == given
    assert answer.next_page_token


async def test_listed_resources_are_as_they_are_read(admin, acme):
    (tenant,) = (await admin(ListTenantsRequest())).tenants

    assert tenant.name == acme
    assert tenant.etag
    assert tenant.HasField("create_time")


async def test_a_filter_fills_its_pages_with_what_it_lets_through(admin):
    names = await make_tenants(admin, 10)

    assert await pages(admin, filter="disabled = true", page_size=2) == [[names[0], names[3]], [names[6], names[9]]]
    assert await pages(admin, filter="NOT disabled = true AND name:t00", page_size=10) == [
        [name for number, name in enumerate(names) if number % 3]
    ]


async def test_a_filter_looks_at_a_bounded_number_for_one_page(admin, monkeypatch):
    names = await make_tenants(admin, 10)
    monkeypatch.setattr(listing, "MAX_SCANNED", 4)
    monkeypatch.setattr(listing, "SCAN_BATCH", 2)

    assert await pages(admin, filter=f'name = "{names[9]}"') == [[], [], [names[9]]]


async def test_a_page_token_goes_on_after_its_place_was_deleted(admin, store):
    names = await make_tenants(admin, 4)
    token = (await admin(ListTenantsRequest(page_size=2))).next_page_token
    await store.delete("tenants", names[1])

    assert [tenant.name for tenant in (await admin(ListTenantsRequest(page_token=token))).tenants] == names[2:]


async def test_the_page_size_may_change_between_pages_and_nothing_else(admin, acme):
    await make_tenants(admin, 4)
    token = (await admin(ListTenantsRequest(page_size=1))).next_page_token

    assert len((await admin(ListTenantsRequest(page_size=9, page_token=token))).tenants) == 4
    for request in (
        ListTenantsRequest(page_token=token, filter="disabled = true"),
        ListTenantsRequest(page_token=token[:-1]),
        ListModelsRequest(parent=acme, page_token=token),
    ):
        assert await admin.reason(request) == "PAGE_TOKEN_INVALID"


async def test_a_filter_that_cannot_be_read_is_refused_even_where_nothing_is_listed(admin):
    assert await admin.reason(ListTenantsRequest(filter="colour = red")) == "FILTER_INVALID"


@pytest.mark.parametrize("parent", ["tenants/none", "tenants/UPPER", "tenants/*"])
async def test_a_listing_of_a_tenant_that_does_not_exist_is_not_found(admin, acme, parent):
    assert await admin.reason(ListModelsRequest(parent=parent)) == "RESOURCE_NOT_FOUND"
    assert await admin.reason(ListModelsRequest(parent=parent, filter="targets:*")) == "RESOURCE_NOT_FOUND"


async def test_a_negative_page_size_is_refused(admin):
    assert await admin.reason(ListTenantsRequest(page_size=-1)) == "FIELD_INVALID"
