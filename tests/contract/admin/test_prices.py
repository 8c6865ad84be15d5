"""Prices of a tenant's own: that they can be calculated with, and that of any two one goes before the other."""

from __future__ import annotations

import pytest
import pytest_asyncio
from google.protobuf import json_format

from tests.documents import spans
from tollway.admin.v1.prices_pb2 import (
    CreatePriceRequest,
    DeletePriceRequest,
    GetPriceRequest,
    ListPricesRequest,
    Price,
    UpdatePriceRequest,
)
from tollway.admin.v1.providers_pb2 import CreateProviderRequest, DeleteProviderRequest
from tollway.admin.v1.tenants_pb2 import Tenant, UpdateTenantRequest

NAME = "tenants/acme/prices/gpt"
DOLLAR = {"currency_code": "USD", "units": 1}
LESS = {"currency_code": "USD", "nanos": -1}
RATES = {"input": DOLLAR, "output": DOLLAR}


def creating(price_id: str = "gpt", **price) -> CreatePriceRequest:
    return CreatePriceRequest(
        parent="tenants/acme", price_id=price_id, price={"model": "gpt-4o", "rates": RATES} | price
    )


def updating(*paths: str, **price) -> UpdatePriceRequest:
    return UpdatePriceRequest(price={"name": NAME, **price}, update_mask={"paths": paths})


@pytest_asyncio.fixture(autouse=True)
async def provider(admin, acme):
    openai = {"dialect": "openai.chat", "base_url": "http://127.0.0.1:8000"}
    return await admin(CreateProviderRequest(parent=acme, provider_id="openai", provider=openai))


async def test_a_price_from_its_creation_to_its_end(admin, acme):
    made = await admin(creating(display_name="by contract", end_time={"seconds": 2_000_000_000}))
    assert (made.name, made.provider, made.rates.output.units) == (NAME, "*", 1)
    changed = await admin(
        updating("rates.output", "provider", rates={"output": DOLLAR | {"nanos": 5}}, provider="openai")
    )
    assert (changed.rates.output.nanos, changed.rates.input.units, changed.provider) == (5, 1, "openai")
    assert changed.etag != made.etag
    assert (await admin(GetPriceRequest(name=NAME))) == changed
    assert list((await admin(ListPricesRequest(parent=acme, filter='provider = "openai"'))).prices) == [changed]
    await admin(DeletePriceRequest(name=NAME))
    assert await admin.reason(GetPriceRequest(name=NAME)) == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize(
    ("field", "price"),
    [
        ("price.model", {"model": ""}),
        ("price.model", {"model": "gpt*4o"}),
        ("price.model", {"model": "gpt\n4o"}),
        ("price.model", {"model": " gpt"}),
        ("price.rates.output", {"rates": {"input": DOLLAR}}),
        ("price.rates.input.currencyCode", {"rates": RATES | {"input": {"currency_code": "EUR", "units": 1}}}),
        ("price.rates.input.currencyCode", {"rates": RATES | {"input": {"units": 1}}}),
        ("price.rates.cacheRead", {"rates": RATES | {"cache_read": DOLLAR | {"units": -1}}}),
        ("price.rates.cacheRead.nanos", {"rates": RATES | {"cache_read": LESS}}),
        ("price.rates.reasoning.nanos", {"rates": RATES | {"reasoning": DOLLAR | {"nanos": 10**9}}}),
        ("price.rates.request", {"rates": RATES | {"request": DOLLAR | {"units": 100_000, "nanos": 1}}}),
        ("price.rates.request", {"rates": RATES | {"request": DOLLAR | {"units": 2**63 - 1}}}),
        ("price.tiers[0].thresholdTokens", {"tiers": [{"rates": RATES}]}),
        ("price.tiers[0].rates", {"tiers": [{"threshold_tokens": 1}]}),
        (
            "price.tiers[0].rates.output.nanos",
            {"tiers": [{"threshold_tokens": 1, "rates": RATES | {"output": LESS}}]},
        ),
        ("price.tiers", {"tiers": [{"threshold_tokens": 2, "rates": RATES}, {"threshold_tokens": 2, "rates": RATES}]}),
        ("price.endTime", {"start_time": {"seconds": 5}, "end_time": {"seconds": 5}}),
        ("price.provider", {"provider": "**"}),
        ("price.maxOutputTokens", {"max_output_tokens": -1}),
    ],
)
async def test_a_price_that_nobody_could_calculate_with_is_refused(admin, field, price):
    refusal = await admin.refusal(creating(**price))

    assert (refusal.rule.name, refusal.violations[0].field) == ("FIELD_INVALID", field)


async def test_the_dearest_and_the_cheapest_of_rates_are_taken(admin):
    limit = {"currency_code": "USD", "units": 100_000}
    nothing = {"currency_code": "USD"}

    made = await admin(creating(rates={"input": nothing, "output": limit, "request": limit}))
    assert (made.rates.input.units, made.rates.output.units) == (0, 100_000)


async def test_a_price_is_for_a_provider_of_the_tenant(admin):
    refusal = await admin.refusal(creating(provider="gone"))
    assert (refusal.rule.name, refusal.metadata["field"]) == ("REFERENCE_NOT_FOUND", "price.provider")

    await admin(creating(provider="openai"))
    await admin(DeleteProviderRequest(name="tenants/acme/providers/openai"))
    assert (await admin(updating("display_name", display_name="kept"))).display_name == "kept"


async def test_of_prices_for_the_same_models_each_begins_at_another_time(admin):
    await admin(creating("one"))
    refusal = await admin.refusal(creating("two", provider="*"))
    assert (refusal.rule.name, refusal.metadata["field"]) == ("RESOURCE_EXISTS", "price.model")
    assert await admin.reason(creating("one", model="other")) == "RESOURCE_EXISTS"

    await admin(creating("later", start_time={"seconds": 1_800_000_000}))
    assert await admin.reason(creating("two", start_time={"seconds": 1_800_000_000})) == "RESOURCE_EXISTS"
    await admin(creating("two", model="gpt-4o*"))
    await admin(creating("three", provider="openai"))


async def test_a_tenant_says_what_becomes_of_calls_without_a_price(admin, acme):
    assume = Tenant(name=acme, unknown_price=Tenant.ASSUME_MAX)

    changed = await admin(UpdateTenantRequest(tenant=assume, update_mask={"paths": ["unknown_price"]}))
    assert changed.unknown_price == Tenant.ASSUME_MAX
    unknown = Tenant(name=acme, unknown_price=9)
    assert await admin.reason(UpdateTenantRequest(tenant=unknown)) == "FIELD_INVALID"


async def test_the_prices_that_the_documentation_shows_can_be_made(admin, acme):
    vllm = {"dialect": "openai.chat", "base_url": "http://127.0.0.1:8001"}
    await admin(CreateProviderRequest(parent=acme, provider_id="vllm", provider=vllm))
    shown = [span for span in spans("docs/prices.md") if span.startswith("{")]

    assert len(shown) == 2
    for position, text in enumerate(shown):
        price = json_format.Parse(text, Price())
        await admin(CreatePriceRequest(parent=acme, price_id=f"p{position}", price=price))
