"""TestProvider: whatever a provider does is an answer in plain words, without a word of its own."""

from __future__ import annotations

import json
import socket

import pytest
import pytest_asyncio

from tests.contract.admin.harness import DIALECTS, LOOPBACK, Admin
from tollway.admin.v1 import providers_pb2
from tollway.admin.v1.providers_pb2 import CreateProviderRequest
from tollway.config.v1.records_pb2 import ProviderRecord
from tollwayd.admin.providers.probe import MAX_BODY_BYTES, MAX_MODELS
from tollwayd.security.keyring import Keyring
from tollwayd.upstream.egress import EgressRules

NAME = "tenants/acme/providers/p"
KEY = "sk-live-0123456789abcdef"
MODELS = json.dumps(
    {"object": "list", "data": [{"id": "gpt-4o", "object": "model"}, {"id": "gpt-5", "object": "model"}]}
)


@pytest_asyncio.fixture
async def provider(admin, acme, vendor):
    """Creates the provider under test, at the vendor."""

    async def create(**fields):
        given = {"dialect": "openai.chat", "base_url": vendor.base_url, "credential": {"api_key": KEY}, **fields}
        return await admin(CreateProviderRequest(parent=acme, provider_id="p", provider=given))

    return create


async def probed(admin):
    answer = await admin(providers_pb2.TestProviderRequest(name=NAME))
    assert 0 < answer.latency.ToNanoseconds() < 20e9
    assert answer.ok == (answer.problem == "")
    assert KEY not in str(answer)
    return answer


async def test_a_provider_that_does_well_names_its_models(admin, provider, vendor):
    await provider()
    vendor.answers("200 OK", MODELS.encode())
    answer = await probed(admin)

    assert (answer.ok, answer.http_status, list(answer.models)) == (True, 200, ["gpt-4o", "gpt-5"])
    head = vendor.requests[0].decode().lower()
    assert head.startswith("get /v1/models http/1.1\r\n")
    assert f"authorization: bearer {KEY}\r\n" in head


async def test_the_dialect_decides_what_is_asked(admin, provider, vendor):
    await provider(dialect="anthropic.messages", base_url=vendor.base_url.removesuffix("/v1"))
    vendor.answers("200 OK", b'{"data": [{"type": "model", "id": "claude"}], "has_more": false}')
    answer = await probed(admin)

    assert list(answer.models) == ["claude"]
    head = vendor.requests[0].decode().lower()
    assert head.startswith("get /v1/models http/1.1\r\n")
    assert f"x-api-key: {KEY}\r\n" in head


async def test_a_provider_without_a_credential_is_asked_without_one(admin, provider, vendor):
    await provider(credential={})
    vendor.answers("200 OK", MODELS.encode())

    assert (await probed(admin)).ok
    assert b"authorization" not in vendor.requests[0].lower()


async def test_a_long_list_is_cut(admin, provider, vendor):
    await provider()
    vendor.answers("200 OK", json.dumps({"data": [{"id": f"m{n}"} for n in range(MAX_MODELS + 1)]}).encode())

    assert len((await probed(admin)).models) == MAX_MODELS


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        ("400 Bad Request", "rejected the request"),
        ("401 Unauthorized", "refused the gateway's credential"),
        ("429 Too Many Requests", "rate limit"),
        ("503 Service Unavailable", "overloaded"),
    ],
)
async def test_a_refusal_is_told_in_our_words(admin, provider, vendor, status, problem):
    await provider()
    said = {"error": {"message": f"Incorrect API key provided: {KEY}. canary", "code": "canary"}}
    vendor.answers(status, json.dumps(said).encode())
    answer = await probed(admin)

    assert answer.http_status == int(status[:3])
    assert problem in answer.problem
    assert "canary" not in str(answer)


@pytest.mark.parametrize(
    "body", [b"<html>canary</html>", b"", b'{"data": 1}', b'{"data": [{"id": 7}]}', b"[" * 100_000]
)
async def test_an_answer_that_is_no_model_list_is_told_so(admin, provider, vendor, body):
    await provider()
    vendor.answers("200 OK", body)
    answer = await probed(admin)

    assert answer.http_status == 200
    assert answer.problem == "The provider's answer cannot be read."


async def test_a_body_without_end_is_not_read_to_it(admin, provider, vendor):
    await provider()
    vendor.answers("200 OK", b" " * (MAX_BODY_BYTES + 1))

    assert "larger than" in (await probed(admin)).problem


async def test_a_redirect_is_not_followed(admin, provider, vendor):
    await provider()
    vendor.answers("302 Found", b"", f"location: {vendor.base_url}/elsewhere")
    answer = await probed(admin)

    assert (answer.ok, answer.http_status, len(vendor.requests)) == (False, 302, 1)


async def test_a_provider_that_says_nothing_runs_into_its_time_limit(admin, provider, vendor):
    await provider(timeouts={"first_byte": {"nanos": 50_000_000}})
    answer = await probed(admin)

    assert (answer.ok, answer.http_status) == (False, 0)
    assert "first_byte timeout" in answer.problem


async def test_a_provider_that_is_not_there_is_told_so(admin, provider):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        await provider(base_url=f"http://127.0.0.1:{closed.getsockname()[1]}")
        answer = await probed(admin)

    assert (answer.http_status, answer.problem) == (0, "No connection to the provider could be made.")


async def test_an_address_that_may_no_longer_be_called_is_not_called(admin, provider, vendor, store, keyring):
    await provider()
    stricter = Admin(store, keyring, EgressRules())
    answer = await probed(stricter)
    await stricter.client.close()

    assert "TOLLWAY_EGRESS_ALLOW" in answer.problem
    assert vendor.requests == []


async def test_a_credential_that_this_gateway_cannot_open_is_told_so(admin, provider, vendor, store):
    await provider()
    other = Admin(store, Keyring({"k2": b"n" * 32}), EgressRules(LOOPBACK))
    answer = await probed(other)
    await other.client.close()

    assert "Send it again" in answer.problem
    assert vendor.requests == []


async def test_a_stored_credential_never_goes_to_a_host_that_it_was_not_stored_with(admin, provider, vendor, store):
    """Not even where somebody writes another address into the store itself."""
    await provider(base_url="http://127.0.0.2:8000/v1")
    stored = await store.get("providers", NAME)
    record = ProviderRecord.FromString(stored.record)
    record.provider.base_url = vendor.base_url
    await store.update("providers", NAME, record.SerializeToString(), version=stored.version)

    assert "Send it again" in (await probed(admin)).problem
    assert vendor.requests == []


async def test_a_dialect_that_this_gateway_has_lost_is_told_so(admin, provider, store, monkeypatch):
    await provider()
    monkeypatch.delitem(DIALECTS, "openai.chat")

    assert "does not speak" in (await probed(admin)).problem


async def test_a_provider_that_does_not_exist_is_an_error(admin, acme):
    assert await admin.reason(providers_pb2.TestProviderRequest(name=NAME)) == "RESOURCE_NOT_FOUND"
