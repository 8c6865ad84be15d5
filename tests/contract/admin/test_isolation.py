"""No method reveals, with one tenant's names, that another tenant's resources exist. Generated from the descriptors, so
that a new method cannot be forgotten."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from google.api import annotations_pb2

from tollway.admin.v1 import api_keys_pb2, models_pb2, policies_pb2, prices_pb2, providers_pb2, tiers_pb2
from tollway.admin.v1.api_keys_pb2 import CreateApiKeyRequest
from tollway.admin.v1.models_pb2 import CreateModelRequest
from tollway.admin.v1.policies_pb2 import CreatePolicyRequest, DryRunRequest
from tollway.admin.v1.prices_pb2 import CreatePriceRequest
from tollway.admin.v1.providers_pb2 import CreateProviderRequest
from tollway.admin.v1.tenants_pb2 import CreateTenantRequest
from tollway.admin.v1.tiers_pb2 import CreateTierRequest
from tollwayd.core.call import Call
from tollwayd.core.errors import TollwayError

CANARY = "canary-of-victim"
OURS, THEIRS = "tenants/attacker", "tenants/victim"
PROVIDER = {"dialect": "openai.chat", "base_url": "http://127.0.0.1:8000", "display_name": CANARY}
MODEL = {"targets": [{"provider": "theirs", "model": CANARY}], "display_name": CANARY, "public_name": CANARY}
NOTHING = {"currency_code": "USD"}
PRICE = {"provider": "theirs", "model": CANARY, "rates": {"input": NOTHING, "output": NOTHING}, "display_name": CANARY}
MODULES = (api_keys_pb2, providers_pb2, models_pb2, prices_pb2, policies_pb2, tiers_pb2)
POLICY = {"subject": {"provider": "theirs"}, "concurrency": {"limit": 1}, "display_name": CANARY}
METHODS = [
    method
    for module in MODULES
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


@pytest_asyncio.fixture(autouse=True)
async def victim(admin):
    for tenant in (OURS, THEIRS):
        await admin(CreateTenantRequest(tenant_id=tenant.removeprefix("tenants/"), tenant={}))
    credential = {"credential": {"api_key": CANARY}}
    await admin(CreateProviderRequest(parent=THEIRS, provider_id="theirs", provider={**PROVIDER, **credential}))
    await admin(CreateModelRequest(parent=THEIRS, model_id="theirs", model=MODEL))
    await admin(CreatePriceRequest(parent=THEIRS, price_id="theirs", price=PRICE))
    await admin(CreateApiKeyRequest(parent=THEIRS, api_key_id="theirs", api_key={"display_name": CANARY}))
    await admin(CreatePolicyRequest(parent=THEIRS, policy_id="theirs", policy=POLICY))
    await admin(CreateTierRequest(parent=THEIRS, tier_id="theirs", tier={"display_name": CANARY}))


def path_of(method) -> str:
    """The method's path, `/v1/{name=tenants/*/models/*}`."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    return getattr(rule, rule.WhichOneof("pattern"))


def aimed_at(method, request: Any, tenant: str, leaf: str) -> Any:
    """A request for the resource that the method's path names, under this tenant."""
    variable, _, template = path_of(method).split("{")[1].split("}")[0].partition("=")
    *messages, field = variable.split(".")
    place = request
    for message in messages:
        place = getattr(place, message)
    setattr(place, field, template.replace("tenants/*", tenant).replace("*", leaf))
    if messages:
        place.display_name = "Mine now"
    return request


async def outcome(admin, method, tenant: str, leaf: str) -> tuple[str, Any]:
    """What a method answers or is refused with, where it names an existing resource."""
    served = admin.registry.find(f"/{method.containing_service.full_name}/{method.name}")
    request = aimed_at(method, served.request_class(), tenant, leaf)
    try:
        return "", await served.invoke(request, Call(served.name, {}))
    except TollwayError as error:
        return f"{error.rule.name}: {error} {error.metadata}".replace(leaf, "LEAF"), None


named = [method for method in METHODS if "/*/" in path_of(method)]
listing = [method for method in METHODS if method.name.startswith("List")]


def test_every_method_is_a_creation_a_listing_or_of_a_named_resource_or_about_a_tenants_calls():
    creations = [method for method in METHODS if method.name.startswith("Create")]
    of_calls = [method for method in METHODS if method.name in {"DryRun", "StreamPolicyEvents"}]

    assert len(creations) + len(listing) + len(named) + len(of_calls) == len(METHODS)


@pytest.mark.parametrize("method", named, ids=lambda method: method.name)
async def test_a_name_of_another_tenant_under_ones_own_is_as_good_as_none(admin, method):
    before = await admin.stored()
    taken = await outcome(admin, method, OURS, "theirs")
    missing = await outcome(admin, method, OURS, "nobodys")

    assert taken == missing
    assert taken[0].startswith("RESOURCE_NOT_FOUND: ")
    assert CANARY not in taken[0]
    assert await admin.stored() == before


@pytest.mark.parametrize("method", listing, ids=lambda method: method.name)
@pytest.mark.parametrize("filter_", ["", f'display_name = "{CANARY}"', "name:theirs"])
async def test_a_listing_shows_ones_own_resources_alone(admin, method, filter_):
    served = admin.registry.find(f"/{method.containing_service.full_name}/{method.name}")
    ours, theirs = [
        await served.invoke(served.request_class(parent=parent, filter=filter_), Call(served.name, {}))
        for parent in (OURS, THEIRS)
    ]

    assert ours == served.response_class()
    assert theirs != ours


@pytest.mark.parametrize("method", listing, ids=lambda method: method.name)
async def test_a_page_token_of_another_tenant_opens_nothing(admin, method, store):
    served = admin.registry.find(f"/{method.containing_service.full_name}/{method.name}")
    kind = path_of(method).rsplit("/", 1)[1]
    await store.create(kind, f"{THEIRS}/{kind}/zz", (await store.get(kind, f"{THEIRS}/{kind}/theirs")).record)
    page = await served.invoke(served.request_class(parent=THEIRS, page_size=1), Call(served.name, {}))

    assert page.next_page_token
    refusal = await admin.reason(served.request_class(parent=OURS, page_token=page.next_page_token))
    assert refusal == "PAGE_TOKEN_INVALID"


async def test_another_tenants_provider_is_no_reference(admin):
    refused = [
        await admin.refusal(
            CreateModelRequest(parent=OURS, model_id="m", model={"targets": [{"provider": p, "model": "x"}]})
        )
        for p in ("theirs", "nobodys")
    ]

    assert str(refused[0]) == str(refused[1])
    assert {error.rule.name for error in refused} == {"REFERENCE_NOT_FOUND"}


async def test_what_another_tenant_has_is_no_subject_of_a_policy(admin):
    for field in ("api_key", "provider", "tier"):
        refused = [
            await admin.refusal(
                CreatePolicyRequest(parent=OURS, policy_id="p", policy={**POLICY, "subject": {field: each}})
            )
            for each in ("theirs", "nobodys")
        ]
        assert str(refused[0]) == str(refused[1])
        assert {error.rule.name for error in refused} == {"REFERENCE_NOT_FOUND"}


async def test_no_call_with_a_key_or_a_model_of_another_tenant_is_judged(admin):
    await admin(CreateApiKeyRequest(parent=OURS, api_key_id="ours", api_key={}))
    await admin.apply()
    for fields in ({"api_key": "theirs", "model": "x"}, {"api_key": "ours", "model": CANARY}):
        refused = await admin.refusal(DryRunRequest(parent=OURS, **fields))
        assert refused.rule.name == "REFERENCE_NOT_FOUND"


async def test_another_tenants_names_are_free(admin):
    await admin(CreateProviderRequest(parent=OURS, provider_id="theirs", provider=PROVIDER))
    await admin(CreateModelRequest(parent=OURS, model_id="theirs", model=MODEL))
    await admin(CreateApiKeyRequest(parent=OURS, api_key_id="theirs", api_key={}))


@pytest.mark.parametrize(
    "parent",
    ["tenants/attacker/../victim", "tenants/victim\0", "tenants/*", "tenants/-", "tenants/{victim}", "Tenants/victim"],
)
async def test_no_spelling_of_a_parent_reaches_another_tenant(admin, parent):
    for module in MODULES:
        (service,) = module.DESCRIPTOR.services_by_name.values()
        (method,) = (method for method in service.methods if method.name.startswith("List"))
        served = admin.registry.find(f"/{service.full_name}/{method.name}")
        assert await admin.reason(served.request_class(parent=parent)) in ("RESOURCE_NOT_FOUND", "FIELD_INVALID")
