"""Which price a target has."""

from __future__ import annotations

import pytest

from tollway.admin.v1.models_pb2 import Model, Target
from tollway.admin.v1.providers_pb2 import Provider
from tollway.admin.v1.tenants_pb2 import Tenant
from tollway.config.v1.records_pb2 import ProviderRecord
from tollwayd import prices
from tollwayd.core.metering.price_list import PriceList
from tollwayd.core.ports import Resource
from tollwayd.dialects import DIALECTS
from tollwayd.proxy.compiler import Compiler
from tollwayd.security.keyring import Keyring

LIST = PriceList(prices.read())
TENANT = "tenants/acme"
OPENAI = "https://api.openai.com/v1"
ELSEWHERE = "https://llm.example.com/v1"


def target(*, model: str = "gpt-4o", dialect: str = "openai.chat", base_url: str = OPENAI):
    provider = Provider(name=f"{TENANT}/providers/p", dialect=dialect, base_url=base_url)
    records = {
        TENANT: Tenant(name=TENANT),
        provider.name: ProviderRecord(provider=provider),
        f"{TENANT}/models/m": Model(
            name=f"{TENANT}/models/m", public_name="m", targets=[Target(provider="p", model=model)]
        ),
    }
    stored = [
        Resource(name, position, record.SerializeToString()) for position, (name, record) in enumerate(records.items())
    ]
    snapshot = Compiler(DIALECTS, Keyring({"k1": b"k" * 32}), LIST).compile(9, stored)
    assert not snapshot.problems
    return snapshot.tenants[TENANT].models["m"].tiers[0][0]


def test_a_target_has_the_price_of_its_provider_and_model_from_the_list():
    assert target().price == LIST.find("openai", "gpt-4o")
    assert target(base_url="https://openrouter.ai/api/v1", model="openai/gpt-4o").price == LIST.find(
        "openrouter", "openai/gpt-4o"
    )


@pytest.mark.parametrize(
    ("dialect", "model", "provider"),
    [("openai.chat", "gpt-4o", "openai"), ("anthropic.messages", "claude-opus-5", "anthropic")],
)
def test_at_a_url_that_the_list_does_not_know_the_prices_are_those_of_the_dialects_maker(dialect, model, provider):
    assert target(base_url=ELSEWHERE, dialect=dialect, model=model).price == LIST.find(provider, model)


def test_a_target_that_the_list_does_not_have_has_no_price():
    assert target(model="our-own-7b").price is None
