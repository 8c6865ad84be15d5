"""Which price a target has."""

from __future__ import annotations

import pytest
from google.type.money_pb2 import Money

from tests.stepped import whole
from tollway.admin.v1.models_pb2 import Model, Target
from tollway.admin.v1.prices_pb2 import Price
from tollway.admin.v1.providers_pb2 import Provider
from tollway.admin.v1.tenants_pb2 import Tenant
from tollway.config.v1.records_pb2 import ProviderRecord
from tollwayd import prices
from tollwayd.core.metering.charge import Counts
from tollwayd.core.metering.prices.price import UnknownPrice
from tollwayd.core.metering.prices.price_list import PriceList
from tollwayd.core.metering.prices.tariff import Rates, Tier
from tollwayd.core.ports import Change, Resource
from tollwayd.dialects import DIALECTS
from tollwayd.proxy.compiler import Compiler
from tollwayd.security.keyring import Keyring

LIST = PriceList(prices.read())
TENANT = "tenants/acme"
OPENAI = "https://api.openai.com/v1"
ELSEWHERE = "https://llm.example.com/v1"


FREE = Money(currency_code="USD")
RATES = Price.Rates(input=FREE, output=FREE)


def compiled(*own, unknown: int = 0, model: str = "gpt-4o", dialect: str = "openai.chat", base_url: str = OPENAI):
    """The Snapshot of a tenant with one target at the provider `p`, and these prices of its own."""
    provider = Provider(name=f"{TENANT}/providers/p", dialect=dialect, base_url=base_url)
    made = Model(name=f"{TENANT}/models/m", public_name="m", targets=[Target(provider="p", model=model)])
    records = [Tenant(name=TENANT, unknown_price=unknown), ProviderRecord(provider=provider), made, *own]
    names = [TENANT, provider.name, made.name, *(price.name for price in own)]
    stored = [
        Resource(name, version, record.SerializeToString())
        for version, (name, record) in enumerate(zip(names, records, strict=True), 1)
    ]
    compiler = Compiler(DIALECTS, Keyring({"k1": b"k" * 32}), LIST)
    return compiler, whole(compiler.compile(9, stored))


def target(*own, **keywords):
    _, snapshot = compiled(*own, **keywords)
    assert not snapshot.problems
    return snapshot.tenants[TENANT].models["m"].tiers[0][0]


def price(price_id: str, provider: str = "*", model: str = "gpt-4o", **fields):
    given = {"rates": RATES} | fields
    return Price(name=f"{TENANT}/prices/{price_id}", provider=provider, model=model, **given)


def money(nanos: int) -> Money:
    units, rest = divmod(nanos, 10**9)
    return Money(currency_code="USD", units=units, nanos=rest)


def versions(found, *moments: float) -> list[str]:
    return [(in_force := found.price.at(moment)) and in_force.version for moment in moments]


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


def test_a_price_of_the_tenants_own_goes_before_the_list_and_is_named_with_its_version():
    found = target(price("own"))

    assert found.price.version == f"{TENANT}/prices/own@4"
    assert found.price.cost(Counts(input=1000), 0) == 0
    assert found.price.max_output_tokens == LIST.find("openai", "gpt-4o").max_output_tokens
    assert target(price("own", max_output_tokens=77)).price.max_output_tokens == 77


def test_a_change_of_a_price_shows_in_its_version():
    compiler, _ = compiled(price("own"))
    own = price("own", rates=Price.Rates(input=money(5), output=FREE))
    change = Change(11, own.name, own.SerializeToString())

    (found,) = whole(compiler.apply([change])).tenants[TENANT].models["m"].tiers[0]
    assert found.price.version == f"{TENANT}/prices/own@11"
    assert found.price.rates.cache_read == 5
    (found,) = whole(compiler.apply([Change(12, own.name, None)])).tenants[TENANT].models["m"].tiers[0]
    assert found.price.version == LIST.version


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        (("p", "gpt-4o"), ("p", "gpt-4o*")),
        (("p", "gpt-4o"), ("*", "gpt-4o")),
        (("p", "*"), ("*", "gpt-4o")),
        (("*", "gpt-4o"), ("*", "gpt-4*")),
        (("*", "gpt-4*"), ("*", "gpt*")),
        (("*", "gpt*"), ("*", "*")),
        (("*", "*"), ("q", "gpt-4o")),
        (("*", "*"), ("*", "gpt-4")),
        (("*", "*"), ("*", "gpt-4o-*")),
    ],
)
def test_the_more_exact_price_wins(winner, loser):
    for ids in ("ab", "ba"):
        found = target(price(ids[0], *winner), price(ids[1], *loser))
        assert found.price.at(0).version.startswith(f"{TENANT}/prices/{ids[0]}@")


def test_each_price_holds_in_its_time_and_the_last_to_begin_goes_first():
    found = target(
        price("early", start_time={"seconds": 100}, end_time={"seconds": 300}),
        price("late", start_time={"seconds": 200, "nanos": 500_000_000}, end_time={"seconds": 250}),
    )

    early, late, listed = f"{TENANT}/prices/early@4", f"{TENANT}/prices/late@5", LIST.version
    assert versions(found, 99.9, 100, 200.4, 200.5, 250, 300) == [listed, early, early, late, early, listed]


def test_outside_the_times_of_its_own_prices_a_target_that_is_not_listed_has_none():
    found = target(price("own", model="*", start_time={"seconds": 100}), model="our-own-7b")

    assert versions(found, 99, 100) == [None, f"{TENANT}/prices/own@4"]


def test_every_class_and_tier_of_a_price_counts():
    rates = [money(nanos) for nanos in (1, 2, 3, 4, 5, 6, 7)]
    names = ("input", "cache_read", "cache_write", "cache_write_hour", "output", "reasoning", "request")
    dearer = Price.Rates(input=money(10**9 + 1), cache_write=money(8), output=money(9))
    own = price("own", rates=dict(zip(names, rates, strict=True)), tiers=[{"threshold_tokens": 50, "rates": dearer}])

    found = target(own).price
    assert found.rates == Rates(1, 2, 3, 4, 5, 6, 7)
    assert found.tiers == (Tier(50, Rates(10**9 + 1, 10**9 + 1, 8, 8, 9, 9, 0)),)


def test_the_dearest_price_of_the_provider_is_assumed_where_the_tenant_says_so():
    _, snapshot = compiled(unknown=Tenant.ASSUME_MAX)
    assert snapshot.tenants[TENANT].unknown_price is UnknownPrice.ASSUME_MAX

    assert target(unknown=Tenant.ASSUME_MAX, model="our-own-7b").price == LIST.dearest("openai")
    assert target(unknown=Tenant.ASSUME_MAX).price == LIST.find("openai", "gpt-4o")
    for other in (Tenant.REJECT, Tenant.FREE, Tenant.UNKNOWN_PRICE_UNSPECIFIED):
        assert target(unknown=other, model="our-own-7b").price is None


def test_a_price_that_cannot_be_read_is_left_out_alone():
    broken = Resource(f"{TENANT}/prices/broken", 8, b"\xff\xff")
    compiler, _ = compiled(price("own"))

    snapshot = whole(compiler.apply([Change(10, broken.name, broken.record)]))
    assert list(snapshot.problems) == [broken.name]
    assert snapshot.tenants[TENANT].models["m"].tiers[0][0].price.version == f"{TENANT}/prices/own@4"
