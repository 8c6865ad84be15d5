"""The price list in the package is that of the installed genai-prices, and it calculates as genai-prices does."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from functools import cache
from importlib.metadata import version

import pytest
from genai_prices.data import providers
from genai_prices.types import ModelPrice, Usage
from hypothesis import given
from hypothesis import strategies as st

from tollwayd import prices
from tollwayd.core.metering.charge import Counts
from tollwayd.core.metering.prices.parts import PartRates, Parts
from tollwayd.core.metering.prices.price_list import PriceList
from tollwayd.core.metering.prices.tariff import MAX_COST
from tollwayd.core.metering.prices.terms import CacheWrites
from tollwayd.prices.made import Maker

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp()
LIST = PriceList(prices.read())
BY_ID = {provider.id: provider for provider in providers}
MODELS = [(provider, model) for provider in providers for model in provider.models]
PART_KEYS = {
    "input_audio_mtok",
    "input_image_mtok",
    "cache_audio_read_mtok",
    "cache_image_read_mtok",
    "output_audio_mtok",
    "output_image_mtok",
    "web_searches_kcount",
}
TOKENS = st.integers(0, 2_000_000)
CLASSES = {
    "input_mtok",
    "output_mtok",
    "cache_read_mtok",
    "cache_write_mtok",
    "cache_write_1h_mtok",
    "output_reasoning_mtok",
    "requests_kcount",
}


def test_the_file_is_what_the_installed_package_says():
    assert prices.LIST.read_bytes() == Maker().content(), "the price list is stale: make prices"


def test_what_is_no_whole_number_of_nano_dollars_is_rounded_by_less_than_a_thousandth_of_a_promille():
    maker = Maker()
    maker.content()
    assert maker.rounded
    for told in maker.rounded:
        dollars, _, whole, _ = told.rpartition(": ")[2].split()
        assert abs(Decimal(whole) / Decimal(dollars) / 10**9 - 1) < Decimal("1e-6")


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://api.anthropic.com", "anthropic"),
        ("https://resource.openai.azure.com/openai/v1", "azure"),
        ("https://generativelanguage.googleapis.com/v1beta/openai", "google"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("http://127.0.0.1:8080/v1", None),
        ("https://llm.example.com/v1", None),
    ],
)
def test_a_provider_is_found_by_its_url(url, provider):
    assert LIST.provider_at(url) == provider


def test_a_provider_that_sells_what_others_make_has_their_prices():
    assert LIST.find("azure", "gpt-4o") == LIST.find("openai", "gpt-4o")


def test_a_model_is_found_whatever_its_case_and_the_form_of_its_date():
    assert LIST.find("openai", "GPT-4o") == LIST.find("openai", "gpt-4o")
    assert LIST.find("openai", "gpt-4o-20240806") == LIST.find("openai", "gpt-4o-2024-08-06")
    assert LIST.find("openai", "gpt-4o-20249999") is None


@pytest.mark.parametrize("provider", providers, ids=BY_ID)
def test_every_name_is_found_as_the_package_finds_it(provider):
    own = [model.id for model in provider.models]
    others = [model.id for _, model in MODELS[::25]]
    for name in (*own, *(f"{name}-x" for name in own[::5]), *others):
        expected = provider.find_model(name, all_providers=providers)
        found = LIST._match(provider.id, name.lower())
        assert (found and found.id) == (expected and expected.id), name


def test_models_without_a_price_in_tokens_have_none():
    assert LIST.find("openai", "whisper-1") is None
    assert LIST.find("openai", "no-such-model") is None


def test_a_price_names_the_list_and_its_version():
    assert LIST.find("openai", "gpt-4o").version == LIST.version == f"genai-prices/{version('genai-prices')}"


def test_the_most_that_a_model_generates_is_known_or_bounded_by_its_context():
    assert LIST.find("openai", "gpt-4o").max_output_tokens == 16_384
    assert LIST.find("anthropic", "claude-opus-4-8").max_output_tokens == 128_000
    assert LIST.find("anthropic", "claude-2").max_output_tokens == 200_000


def test_no_model_of_a_provider_is_dearer_than_its_dearest_price():
    counts = Counts(1000, 1000, 1000, 1000, 1000, 1000)
    dearest = LIST.dearest("openai")
    for model in BY_ID["openai"].models:
        price = LIST.find("openai", model.id)
        assert price is None or price.cost(counts, NOW) <= dearest.cost(counts, NOW)
    assert dearest.version == f"{LIST.version} (the dearest of openai)"


@given(st.data(), st.tuples(*[TOKENS] * 6).map(Counts._make), st.integers(1_700_000_000, 1_830_000_000))
def test_a_cost_is_that_of_the_package_itself_rounded_up(data, counts, at):
    provider, model = data.draw(st.sampled_from(comparable()))
    moment = datetime.fromtimestamp(at, UTC)
    expected = model.get_prices(moment).calc_price(usage(counts))["total_price"]

    cost = LIST.find(provider.id, model.id).cost(counts, at)

    assert cost == (expected * 10**9).to_integral_value(ROUND_CEILING)


@given(st.data(), st.tuples(*[TOKENS] * 6).map(Counts._make), st.integers(1_790_000_000, 1_830_000_000))
def test_on_other_terms_a_cost_is_that_of_the_package_too(data, counts, at):
    provider, model = data.draw(st.sampled_from([each for each in comparable() if terms_of(each[1])]))
    name, context = data.draw(st.sampled_from(terms_of(model)))
    moment = datetime.fromtimestamp(at, UTC)
    expected = model.get_prices(moment, context).calc_price(usage(counts))["total_price"]

    price = LIST.find(provider.id, model.id).at(at)

    if name in price.variants:
        assert price.on(name).cost(counts) == (expected * 10**9).to_integral_value(ROUND_CEILING)
        assert price.on(name).version == f"{LIST.version}+{name}"
    else:
        assert price.on(name).cost(counts) >= (expected * 10**9).to_integral_value(ROUND_CEILING)


def test_terms_of_every_kind_are_in_the_list():
    found = {(provider.id, name) for provider, model in comparable() for name, _ in terms_of(model)}
    assert {("openai", "flex"), ("openai", "priority"), ("openai", "batch"), ("google", "flex")} <= found
    assert {("anthropic", "fast"), ("anthropic", "batch")} <= found


@pytest.mark.parametrize("counts", [Counts(input=1000, output=100), Counts(1, 2, 3, 4, 5, 6)])
def test_claude_costs_a_tenth_more_in_the_united_states(counts):
    price = LIST.find("anthropic", "claude-opus-5").at(NOW)
    assert price.on("us").cost(counts) == -(-price.cost(counts) * 11 // 10)
    assert price.on("fast+us").cost(counts) == -(-price.on("fast").cost(counts) * 11 // 10)
    assert "us" not in LIST.find("anthropic", "claude-opus-4-5").at(NOW).variants
    assert "us" in LIST.find("anthropic", "claude-opus-4-6").at(NOW).variants


@given(st.data(), st.tuples(*[TOKENS] * 6).map(Counts._make), st.booleans(), st.booleans())
def test_no_terms_that_a_request_leaves_open_cost_more_than_the_bound(data, counts, marked, hour):
    provider, model = data.draw(st.sampled_from([each for each in MODELS if each[1].price_variants]))
    if (price := LIST.find(provider.id, model.id)) is None:
        return
    price = price.at(NOW)
    possible = data.draw(st.none() | st.lists(st.sampled_from(["standard", *price.variants, "unknown"]), min_size=1))
    writes = CacheWrites(marked + (marked and hour))
    if price.writes_when_asked:
        counts = counts._replace(
            cache_write=counts.cache_write * marked, cache_write_hour=counts.cache_write_hour * (marked and hour)
        )

    bound = price.bound(possible and tuple(possible), writes)

    for name in possible or ["standard", *price.variants, "unknown"]:
        assert price.on(name).cost(counts) <= bound.most(counts.all_input, counts.all_output)


@given(
    st.data(),
    st.tuples(*[TOKENS] * 6).map(Counts._make),
    st.tuples(*[TOKENS] * 7),
    st.integers(1_790_000_000, 1_830_000_000),
)
def test_sounds_pictures_and_searches_cost_what_the_package_says(data, counts, amounts, at):
    provider, model = data.draw(st.sampled_from(with_parts()))
    price = LIST.find(provider.id, model.id).at(at)
    parts = parts_within(counts, Parts._make(amounts), price.parts)
    expected = model.get_prices(datetime.fromtimestamp(at, UTC)).calc_price(usage(counts, parts))["total_price"]

    cost = price.cost(counts, parts=parts)

    assert cost == (expected * 10**9).to_integral_value(ROUND_CEILING)


@given(st.data(), st.tuples(*[TOKENS] * 6).map(Counts._make), st.tuples(*[TOKENS] * 6), st.booleans())
def test_no_sounds_and_pictures_cost_more_than_the_bound(data, counts, amounts, media):
    provider, model = data.draw(st.sampled_from(with_parts()))
    price = LIST.find(provider.id, model.id).at(NOW)
    if not media:
        amounts = (0, 0, 0, 0, 0, amounts[5])
    parts = parts_within(counts, Parts(*amounts), PartRates(*[1] * 7))
    bound = price.bound(None, CacheWrites.HOUR, media=media)

    for name in ("standard", *price.variants, "unknown"):
        assert price.on(name).cost(counts, parts=parts) <= bound.most(counts.all_input, counts.all_output)


def test_a_call_without_sounds_is_not_reserved_for_them():
    price = LIST.find("openai", "gpt-audio").at(NOW)
    assert price.bound(None, CacheWrites.HOUR, media=False).most(1000, 100) == 1000 * 2_500 + 100 * 10_000
    assert price.bound(None, CacheWrites.HOUR, media=True).most(1000, 100) == 1000 * 32_000 + 100 * 64_000


def test_an_unmarked_prompt_is_reserved_as_input_and_a_marked_one_as_long_as_it_may_be_kept():
    price = LIST.find("anthropic", "claude-opus-5").at(NOW)
    most = {writes: price.bound(("standard",), writes).most(1000, 0) for writes in CacheWrites}
    assert most == {CacheWrites.NONE: 5_000_000, CacheWrites.SHORT: 6_250_000, CacheWrites.HOUR: 10_000_000}


def test_who_caches_unasked_is_reserved_for_at_the_dearest():
    price = LIST.find("openai", "gpt-5.6-sol").at(NOW)
    assert price.rates.cache_write > price.rates.input
    assert price.bound(("standard",), CacheWrites.NONE).most(1000, 0) == price.most(1000, 0)


@given(st.data(), st.tuples(*[TOKENS] * 6).map(Counts._make), st.floats(1_700_000_000, 1_830_000_000))
def test_no_split_of_the_tokens_costs_more_than_the_most(data, counts, at):
    provider, model = data.draw(st.sampled_from(MODELS))
    price = LIST.find(provider.id, model.id)
    if price is not None:
        assert price.cost(counts, at) <= price.most(counts.all_input, counts.all_output, at) <= MAX_COST


def terms_of(model):
    """The names of the model's terms, each with what the package calls them."""
    whens = [each.when for each in model.price_variants or () if each.when != {"service_tier": "default"}]
    return [(*when.values(), when) for when in whens if when.keys() <= {"processing", "service_tier", "speed"}]


@cache
def comparable():
    """Models of which every price is one of our classes, exact, and found by the model's own id."""
    rounded = {told.partition(": ")[0] for told in rounded_names()}
    return [
        (provider, model)
        for provider, model in MODELS
        if f"{provider.id} {model.id}" not in rounded
        and provider.find_model(model.id) is model
        and all(set_of(each) - EXTRAS <= CLASSES and has_all(model, each) for each in every_price(model))
    ]


EXTRAS = {"web_searches_kcount", "storage_searches_kcount", "output_citation_mtok"}


@cache
def with_parts():
    """Models of which some tokens, or searches, have prices of their own, and else as `comparable`."""
    known = CLASSES | PART_KEYS | {"storage_searches_kcount"}
    rounded = {told.partition(": ")[0] for told in rounded_names()}
    return [
        (provider, model)
        for provider, model in MODELS
        if f"{provider.id} {model.id}" not in rounded
        and provider.find_model(model.id) is model
        and all(set_of(each) <= known and has_all(model, each) for each in every_price(model))
        and any(set_of(each) & PART_KEYS for each in every_price(model))
    ]


def parts_within(counts, amounts, rates):
    """Parts that the counts have room for, of what there are rates for."""
    left = dict(zip(("input", "cache_read", "output"), (counts.input, counts.cache_read, counts.output), strict=True))
    made = {}
    for name, amount, rate in zip(Parts._fields, amounts, rates, strict=True):
        of = name.rpartition("_")[0]
        made[name] = min(amount, left.get(of, amount)) if rate is not None else 0
        if of in left:
            left[of] -= made[name]
    return Parts(**made)


def rounded_names():
    maker = Maker()
    maker.content()
    return maker.rounded


def every_price(model):
    return [model.prices] if isinstance(model.prices, ModelPrice) else [each.prices for each in model.prices]


def set_of(price):
    return {key for key, value in vars(price).items() if value is not None}


def has_all(model, price):
    keys = set_of(price)
    has_rule_of_our_own = "claude" in model.id and "cache_write_mtok" in keys and "cache_write_1h_mtok" not in keys
    return {"input_mtok", "output_mtok"} <= keys and not has_rule_of_our_own


NO_PARTS = Parts()


def usage(counts, parts=NO_PARTS):
    apart = {
        "input_audio_tokens": parts.input_audio + parts.cache_read_audio,
        "input_image_tokens": parts.input_image + parts.cache_read_image,
        "cache_audio_read_tokens": parts.cache_read_audio,
        "cache_image_read_tokens": parts.cache_read_image,
        "output_audio_tokens": parts.output_audio,
        "output_image_tokens": parts.output_image,
        "web_searches": parts.web_searches,
    }
    return Usage(
        **(apart if parts is not NO_PARTS else {}),
        input_tokens=counts.all_input,
        cache_read_tokens=counts.cache_read,
        cache_write_tokens=counts.cache_write + counts.cache_write_hour,
        cache_write_1h_tokens=counts.cache_write_hour,
        output_tokens=counts.all_output,
        output_reasoning_tokens=counts.reasoning,
    )
