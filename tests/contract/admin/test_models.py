"""Models: unique public names, and targets that exist."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tollway.admin.v1.models_pb2 import (
    CreateModelRequest,
    DeleteModelRequest,
    GetModelRequest,
    ListModelsRequest,
    UpdateModelRequest,
)
from tollway.admin.v1.providers_pb2 import CreateProviderRequest, DeleteProviderRequest
from tollway.admin.v1.tenants_pb2 import CreateTenantRequest

GPT = "tenants/acme/models/gpt"
OPENAI = {"dialect": "openai.chat", "base_url": "http://127.0.0.1:8000"}
TO_OPENAI = {"provider": "openai", "model": "gpt-4o"}


def creating(model_id: str = "gpt", parent: str = "tenants/acme", **model) -> CreateModelRequest:
    return CreateModelRequest(parent=parent, model_id=model_id, model={"targets": [TO_OPENAI], **model})


def updating(*paths: str, **model) -> UpdateModelRequest:
    return UpdateModelRequest(model={"name": GPT, **model}, update_mask={"paths": paths})


@pytest_asyncio.fixture(autouse=True)
async def provider(admin, acme):
    return await admin(CreateProviderRequest(parent=acme, provider_id="openai", provider=OPENAI))


async def test_a_public_name_is_the_id_where_none_is_given(admin):
    assert (await admin(creating())).public_name == "gpt"
    assert (await admin(creating("other", public_name="Vendor/GPT 4o"))).public_name == "Vendor/GPT 4o"
    assert (await admin(updating("public_name"))).public_name == "gpt"


async def test_a_public_name_is_unique_within_its_tenant_and_case_sensitive(admin):
    await admin(creating("one", public_name="shared"))

    refusal = await admin.refusal(creating("two", public_name="shared"))
    assert refusal.rule.name == "RESOURCE_EXISTS"
    assert refusal.metadata["field"] == "model.publicName"
    assert await admin.reason(creating("shared")) == "RESOURCE_EXISTS"
    await admin(creating("three", public_name="Shared"))
    await admin(CreateTenantRequest(tenant_id="other", tenant={}))
    await admin(CreateProviderRequest(parent="tenants/other", provider_id="openai", provider=OPENAI))
    await admin(creating("one", "tenants/other", public_name="shared"))


async def test_an_id_that_is_taken_is_not_said_to_be_a_public_name(admin):
    await admin(creating(public_name="x"))

    refusal = await admin.refusal(creating(public_name="y"))
    assert (refusal.rule.name, refusal.metadata["name"]) == ("RESOURCE_EXISTS", GPT)
    assert "publicName" not in str(refusal)


async def test_a_renamed_model_gives_its_public_name_up(admin):
    await admin(creating(public_name="old"))
    await admin(updating("public_name", public_name="new"))

    assert await admin.reason(creating("two", public_name="new")) == "RESOURCE_EXISTS"
    assert (await admin(creating("two", public_name="old"))).public_name == "old"
    assert await admin.reason(updating("public_name", public_name="old")) == "RESOURCE_EXISTS"
    assert (await admin(GetModelRequest(name=GPT))).public_name == "new"


@pytest.mark.parametrize("name", [" gpt", "gpt ", "g\npt", "g\x00pt", "gpt\u2028", "g\u200bpt", "\u00a0gpt"])
async def test_a_public_name_that_cannot_be_told_by_sight_is_refused(admin, name):
    refusal = await admin.refusal(creating(public_name=name))

    assert [violation.field for violation in refusal.violations] == ["model.publicName"]


@pytest.mark.parametrize("name", ["up\x1fstream", "up\nstream", " upstream", "up\u200bstream"])
async def test_so_is_a_name_at_the_provider(admin, name):
    """Usage is kept under it, with U+001F between it and others."""
    refusal = await admin.refusal(creating(targets=[TO_OPENAI, {**TO_OPENAI, "model": name}]))

    assert [violation.field for violation in refusal.violations] == ["model.targets[1].model"]


async def test_a_target_needs_a_provider_of_the_tenant(admin):
    await admin(CreateTenantRequest(tenant_id="other", tenant={}))
    await admin(CreateProviderRequest(parent="tenants/other", provider_id="theirs", provider=OPENAI))

    refusal = await admin.refusal(creating(targets=[TO_OPENAI, {"provider": "theirs", "model": "x"}]))

    assert refusal.rule.name == "REFERENCE_NOT_FOUND"
    assert "targets[1].provider" in str(refusal)
    assert refusal.metadata == {"field": "model.targets[1].provider", "name": "tenants/acme/providers/theirs"}


async def test_the_same_target_twice_is_refused(admin):
    refusal = await admin.refusal(
        creating(targets=[TO_OPENAI, {**TO_OPENAI, "model": "x"}, {**TO_OPENAI, "weight": 2}])
    )

    assert [violation.field for violation in refusal.violations] == ["model.targets[2]"]


async def test_a_model_needs_a_target(admin):
    refusal = await admin.refusal(creating(targets=[]))
    assert [violation.field for violation in refusal.violations] == ["model.targets"]

    await admin(creating())
    assert await admin.reason(updating("targets")) == "FIELD_INVALID"
    assert await admin.reason(updating("*", display_name="x")) == "FIELD_INVALID"


async def test_an_update_need_not_repeat_the_targets(admin):
    await admin(creating())

    for request in (updating(display_name="One"), updating("display_name", display_name="Two")):
        updated = await admin(request)
        assert updated.display_name == request.model.display_name
        assert [target.model for target in updated.targets] == ["gpt-4o"]


async def test_an_absent_weight_stays_absent_and_zero_stays_zero(admin):
    created = await admin(creating(targets=[TO_OPENAI, {"provider": "openai", "model": "x", "weight": 0}]))

    assert [target.HasField("weight") for target in created.targets] == [False, True]
    assert created == await admin(GetModelRequest(name=GPT))


async def test_a_model_whose_provider_is_gone_can_still_be_changed_otherwise(admin, acme, store):
    await admin(creating())
    await store.delete("providers", "tenants/acme/providers/openai")

    assert (await admin(updating(display_name="New"))).display_name == "New"
    other_targets = updating(targets=[{**TO_OPENAI, "model": "x"}])
    assert await admin.reason(other_targets) == "REFERENCE_NOT_FOUND"


async def test_models_are_listed_by_what_they_point_at(admin, acme):
    await admin(creating())
    await admin(creating("two", targets=[{"provider": "openai", "model": "gpt-5"}]))

    answer = await admin(ListModelsRequest(parent=acme, filter='targets.model:"gpt-5"'))
    assert [model.name for model in answer.models] == ["tenants/acme/models/two"]


async def test_a_deleted_model_frees_its_provider(admin, provider):
    model = await admin(creating())

    assert await admin.reason(DeleteProviderRequest(name=provider.name)) == "RESOURCE_IN_USE"
    await admin(DeleteModelRequest(name=model.name))
    await admin(DeleteProviderRequest(name=provider.name))
    assert await admin.reason(DeleteModelRequest(name=model.name)) == "RESOURCE_NOT_FOUND"
