"""Providers: what they may be, and how their credentials are kept."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tollway.admin.v1.models_pb2 import CreateModelRequest
from tollway.admin.v1.providers_pb2 import (
    CreateProviderRequest,
    DeleteProviderRequest,
    GetProviderRequest,
    ListProvidersRequest,
    UpdateProviderRequest,
)
from tollway.config.v1.records_pb2 import ProviderRecord
from tollwayd.admin.resources import references
from tollwayd.security.keyring import UnsealError

NAME = "tenants/acme/providers/openai"
KEY = "sk-live-0123456789abcdef"
MASK = "***cdef"
OPENAI = {"dialect": "openai.chat", "base_url": "http://127.0.0.1:8000/v1", "credential": {"api_key": KEY}}
CONTEXT = (NAME, "api_key", "http://127.0.0.1:8000")


def creating(**provider) -> CreateProviderRequest:
    return CreateProviderRequest(parent="tenants/acme", provider_id="openai", provider={**OPENAI, **provider})


def updating(*paths: str, **provider) -> UpdateProviderRequest:
    return UpdateProviderRequest(provider={"name": NAME, **provider}, update_mask={"paths": paths})


def with_key(api_key: str) -> dict:
    return {"credential": {"api_key": api_key}}


@pytest_asyncio.fixture
async def openai(admin, acme):
    return await admin(creating())


@pytest.fixture
def kept(store, keyring):
    """Opens the stored credential for a context."""

    async def unseal(context=CONTEXT) -> str:
        record = ProviderRecord.FromString((await store.get("providers", NAME)).record)
        return keyring.unseal(record.api_key, context) if record.HasField("api_key") else ""

    return unseal


async def test_a_credential_is_shown_as_a_mask_by_every_method(admin, acme):
    shown = [
        await admin(creating()),
        await admin(GetProviderRequest(name=NAME)),
        *(await admin(ListProvidersRequest(parent=acme))).providers,
        await admin(updating(display_name="New")),
        await admin(updating("credential.api_key", **with_key("sk-live-rotated-cdef"))),
    ]

    assert [provider.credential.api_key for provider in shown] == [MASK] * 5


@pytest.mark.parametrize(("key", "mask"), [("k" * 11, "***"), ("12345678abcd", "***abcd"), ("x", "***")])
async def test_short_credentials_show_none_of_their_characters(admin, acme, key, mask):
    assert (await admin(creating(**with_key(key)))).credential.api_key == mask


async def test_the_store_holds_the_credential_sealed_for_its_provider_and_host(admin, openai, kept):
    assert KEY.encode() not in await admin.stored()
    assert await kept() == KEY
    for other in (("tenants/acme/providers/x", *CONTEXT[1:]), (*CONTEXT[:2], "http://127.0.0.1:8001")):
        with pytest.raises(UnsealError):
            await kept(other)


@pytest.mark.parametrize(
    "request_",
    [
        updating(display_name="New"),
        updating("display_name", display_name="New"),
        updating("credential.api_key", **with_key(MASK)),
        updating("credential", **with_key(MASK)),
        updating("*", **{**OPENAI, **with_key(MASK)}),
        updating(credential={}),
        updating(base_url="http://127.0.0.1:8000/v2"),
        updating(base_url="HTTP://127.0.0.1:8000/v1/"),
        updating(dialect="anthropic.messages"),
    ],
)
async def test_an_update_that_sends_the_mask_or_nothing_keeps_the_credential(admin, openai, kept, request_):
    assert (await admin(request_)).credential.api_key == MASK
    assert await kept() == KEY


async def test_a_provider_read_and_sent_back_keeps_its_credential(admin, openai, kept):
    provider = await admin(GetProviderRequest(name=NAME))
    provider.display_name = "New"
    await admin(UpdateProviderRequest(provider=provider, update_mask={"paths": ["*"]}))

    assert await kept() == KEY


async def test_a_new_credential_replaces_the_old_one(admin, openai, kept):
    await admin(updating("credential.api_key", **with_key("sk-new-key-for-openai")))

    assert await kept() == "sk-new-key-for-openai"


@pytest.mark.parametrize("paths", [("credential.api_key",), ("credential",), ("*",)])
async def test_an_empty_credential_clears_it(admin, openai, kept, paths):
    cleared = await admin(updating(*paths, dialect="openai.chat", base_url=OPENAI["base_url"]))

    assert not cleared.HasField("credential")
    assert await kept() == ""


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.2:8000/v1", "http://127.0.0.1:8001/v1", "https://127.0.0.1:8000/v1"]
)
@pytest.mark.parametrize("credential", [{}, with_key(MASK)])
async def test_a_credential_does_not_move_to_another_host(admin, openai, kept, base_url, credential):
    """Who may edit a provider but not read its credential could otherwise have it sent to a host of their own."""
    refusal = await admin.refusal(updating(base_url=base_url, **credential))

    assert [violation.field for violation in refusal.violations] == ["provider.credential.apiKey"]
    assert "sent again" in str(refusal)
    assert (await admin(GetProviderRequest(name=NAME))).base_url == OPENAI["base_url"]


async def test_a_provider_moves_with_a_credential_sent_again_or_without_one(admin, openai, kept):
    await admin(updating(base_url="http://127.0.0.2:8000/v1", **with_key(KEY)))
    assert await kept((*CONTEXT[:2], "http://127.0.0.2:8000")) == KEY

    moved = updating("base_url", "credential", base_url="http://127.0.0.3:8000/v1")
    assert (await admin(moved)).base_url == "http://127.0.0.3:8000/v1"
    assert await kept() == ""
    await admin(updating(base_url="http://127.0.0.4:8000/v1"))


@pytest.mark.parametrize(
    "key", ["sk-\r\nx-admin: 1", "sk-\n", "sk-\x00", "sk key", " sk", "sk\t", "sk-ключ", "sk-\x7f"]
)
async def test_a_credential_that_is_no_header_value_is_refused_and_not_echoed(admin, acme, key):
    refusal = await admin.refusal(creating(**with_key(key)))

    assert [violation.field for violation in refusal.violations] == ["provider.credential.apiKey"]
    assert key.strip() not in str(refusal)


@pytest.mark.parametrize("mask", ["***", "***cdef", "***wxyz"])
async def test_a_mask_is_never_taken_for_a_credential(admin, acme, mask):
    refusal = await admin.refusal(creating(**with_key(mask)))
    assert "is a mask" in str(refusal)

    await admin(creating(credential={}))
    assert await admin.reason(updating(**with_key(mask))) == "FIELD_INVALID"


async def test_a_dialect_is_one_of_those_spoken(admin, acme):
    refusal = await admin.refusal(creating(dialect="openai"))

    assert [violation.field for violation in refusal.violations] == ["provider.dialect"]
    assert "anthropic.messages, openai.chat" in str(refusal)


@pytest.mark.parametrize(
    "base_url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://user@127.0.0.1/", "http://127.0.0.1/?a=b", "http://a b/"]
)
async def test_a_base_url_is_an_address_and_nothing_else(admin, acme, base_url):
    refusal = await admin.refusal(creating(base_url=base_url))

    assert [violation.field for violation in refusal.violations] == ["provider.baseUrl"]


@pytest.mark.parametrize(
    "base_url", ["http://10.0.0.1/v1", "http://169.254.169.254/", "http://[::1]/", "http://127.1:22/"]
)
async def test_an_address_that_must_not_be_called_is_refused_when_it_is_written(admin, openai, base_url):
    assert await admin.reason(updating(base_url=base_url, **with_key(KEY))) == "EGRESS_DENIED"
    assert (await admin(GetProviderRequest(name=NAME))).base_url == OPENAI["base_url"]


@pytest.mark.parametrize("missing", ["dialect", "base_url"])
async def test_a_provider_needs_a_dialect_and_an_address(admin, acme, missing):
    assert await admin.reason(creating(**{missing: ""})) == "FIELD_INVALID"
    await admin(creating())
    assert await admin.reason(updating(missing)) == "FIELD_INVALID"


async def test_a_time_limit_can_be_changed_alone(admin, acme):
    await admin(creating(timeouts={"connect": {"seconds": 1}, "total": {"seconds": 10}}))
    updated = await admin(updating("timeouts.total", timeouts={"total": {"seconds": 20}}))

    assert (updated.timeouts.connect.seconds, updated.timeouts.total.seconds) == (1, 20)


async def test_a_provider_in_use_is_kept_and_its_models_are_named(admin, openai):
    for model_id in ("one", "two"):
        targets = [{"provider": "openai", "model": "gpt-4o"}]
        await admin(CreateModelRequest(parent="tenants/acme", model_id=model_id, model={"targets": targets}))

    refusal = await admin.refusal(DeleteProviderRequest(name=NAME))

    assert refusal.rule.name == "RESOURCE_IN_USE"
    assert "tenants/acme/models/one, tenants/acme/models/two" in str(refusal)
    assert (await admin(GetProviderRequest(name=NAME))).name == NAME


async def test_a_provider_is_not_deleted_where_its_users_cannot_all_be_looked_at(admin, openai, monkeypatch):
    monkeypatch.setattr(references, "MAX_SCANNED", 1)
    monkeypatch.setattr(references, "BATCH", 1)
    other = await admin(CreateProviderRequest(parent="tenants/acme", provider_id="other", provider=OPENAI))
    targets = [{"provider": "other", "model": "gpt-4o"}]
    await admin(CreateModelRequest(parent="tenants/acme", model_id="one", model={"targets": targets}))

    assert "too many" in str(await admin.refusal(DeleteProviderRequest(name=NAME)))
    assert "target of tenants/acme/models/one" in str(await admin.refusal(DeleteProviderRequest(name=other.name)))


async def test_a_provider_that_is_gone_already_is_not_said_to_be_in_use(admin, openai, store):
    targets = [{"provider": "openai", "model": "gpt-4o"}]
    await admin(CreateModelRequest(parent="tenants/acme", model_id="one", model={"targets": targets}))
    await store.delete("providers", NAME)

    assert await admin.reason(DeleteProviderRequest(name=NAME)) == "RESOURCE_NOT_FOUND"


async def test_a_free_provider_is_deleted_at_its_etag(admin, openai):
    etag = (await admin(updating(display_name="New"))).etag

    assert await admin.reason(DeleteProviderRequest(name=NAME, etag=openai.etag)) == "ETAG_MISMATCH"
    await admin(DeleteProviderRequest(name=NAME, etag=etag))
    assert await admin.reason(DeleteProviderRequest(name=NAME)) == "RESOURCE_NOT_FOUND"
