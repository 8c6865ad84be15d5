"""Makes the price list out of genai-prices, whose own code the gateway would pay 20 MB of memory for.

Its decimal dollars become integer nano-dollars. Those that are none, which are fractions that somebody's binary
arithmetic left, are rounded to the nearest, told, and noted in the file.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from genai_prices.data import providers
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    Provider,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Prices = Mapping[str, Decimal | TieredPrices]

_PACKAGE: Final = "genai-prices"
_LICENCE: Final = "The data are those of genai-prices, MIT License, Copyright (c) Pydantic Services Inc.: see LICENSE."
_NANOS: Final = 1_000_000_000
_TEXT_KEYS: Final = ("input_mtok", "output_mtok")
_CLASS_KEYS: Final = (
    # In the order of Rates; each price is that of the first key which has one, for a class without a price of its own
    # costs what the class around it costs.
    ("input_mtok",),
    ("cache_read_mtok", "input_mtok"),
    ("cache_write_mtok", "input_mtok"),
    ("cache_write_1h_mtok", "cache_write_mtok", "input_mtok"),
    # Models that generate nothing but audio or images have no price of other output.
    ("output_mtok", "output_audio_mtok", "output_image_mtok", "output_video_mtok"),
    ("output_reasoning_mtok", "output_mtok", "output_audio_mtok", "output_image_mtok", "output_video_mtok"),
)

_TERMS: Final = {"processing", "service_tier", "speed"}
"""What variants can depend on for the gateway to tell them apart: one of these each."""
_DEFAULT: Final = {"service_tier": "default"}
_WITHOUT_GEO: Final = re.compile(r"claude-(2|v1|3|haiku-4-5|(opus|sonnet)-4-[015])")
"""Models of Anthropic that are older than the choice where they compute."""
_IN_THE_US: Final = Decimal("1.1")

_PART_KEYS: Final = {
    "input_audio": "input_audio_mtok",
    "input_image": "input_image_mtok",
    "cache_read_audio": "cache_audio_read_mtok",
    "cache_read_image": "cache_image_read_mtok",
    "output_audio": "output_audio_mtok",
    "output_image": "output_image_mtok",
    "web_searches": "web_searches_kcount",
}
"""Of a thousand searches, all others of a million tokens."""


class Maker:
    """Makes the file. `rounded` tells, once it is made, which prices were no whole number of nano-dollars."""

    def __init__(self) -> None:
        self.rounded: list[str] = []

    def content(self) -> bytes:
        """The file: JSON, with one line a model, so that changes can be read."""
        self.rounded.clear()
        blocks = ",\n".join(map(self._provider, providers))
        head = {"version": f"{_PACKAGE}/{version(_PACKAGE)}", "licence": _LICENCE, "rounded": self.rounded}
        return f'{_json(head)[:-1]},\n"providers":[\n{blocks}\n]}}\n'.encode()

    def _provider(self, provider: Provider) -> str:
        models = ",\n".join(_json(self._model(provider, model)) for model in provider.models)
        head = {
            "id": provider.id,
            "url": provider.api_pattern,
            "fallbacks": provider.fallback_model_providers or [],
        }
        return f'{_json(head)[:-1]},"models":[\n{models}\n]}}'

    def _model(self, provider: Provider, model: ModelInfo) -> dict[str, Any]:
        made: dict[str, Any] = {"id": model.id, "match": _clause(model.match)}
        if model.context_window:
            made["context_tokens"] = model.context_window
        every = [(each, _set(each.prices)) for each in at_all_times(model)]
        told = all(not prices or any(key in prices for key in _TEXT_KEYS) for _, prices in every)
        where = f"{provider.id} {model.id}"
        made["prices"] = [self._prices(where, provider, model, *each) for each in every] if told else []
        return made

    def _prices(
        self, where: str, provider: Provider, model: ModelInfo, each: ConditionalPrice, prices: Prices
    ) -> dict[str, Any]:
        made = _time(each) | self._listed(where, model, prices)
        if _on_terms(model) or provider.id == "anthropic":
            own = variants(provider, model, _begin(each), prices)
            on_terms = {name: self._listed(where, model, each) for name, each in own.items()}
            made |= {"variants": on_terms} if on_terms else {}
        return made

    def _listed(self, where: str, model: ModelInfo, prices: Prices) -> dict[str, Any]:
        parts = {name: self._part(where, key, prices[key]) for name, key in _PART_KEYS.items() if key in prices}
        return {"tiers": self._tiers(where, model, prices)} | ({"parts": parts} if parts else {})

    def _part(self, where: str, key: str, price: Decimal | TieredPrices) -> int:
        if not isinstance(price, Decimal):
            raise TypeError(f"{where}: {key} has tiers")
        return self._nanos(where, price if key.endswith("_mtok") else price * 1000)

    def _tiers(self, where: str, model: ModelInfo, prices: Prices) -> list[Any]:
        starts = {tier.start for price in prices.values() if isinstance(price, TieredPrices) for tier in price.tiers}
        return [[start, self._rates(where, model, prices, start)] for start in (-1, *sorted(starts))]

    def _rates(self, where: str, model: ModelInfo, prices: Prices, above: int) -> list[int]:
        found = [_first(keys, prices, above) for keys in _CLASS_KEYS]
        if "cache_write_mtok" in prices and "cache_write_1h_mtok" not in prices and "claude" in model.id:
            # Anthropic's rule for all of its models, where the list has but one price of writing: twice that of input.
            found[3] = 2 * found[0]
        request = _at(prices.get("requests_kcount", Decimal()), above) / 1000
        return [self._nanos(where, price) for price in (*found, request)]

    def _nanos(self, where: str, dollars: Decimal) -> int:
        nanos = dollars * _NANOS
        whole = nanos.quantize(Decimal(1), ROUND_HALF_UP)
        told = f"{where}: {dollars} to {whole} nano-dollars"
        if whole != nanos and told not in self.rounded:
            self.rounded.append(told)
        return int(whole)


def at_all_times(model: ModelInfo) -> list[ConditionalPrice]:
    """A model's prices from each day on at which one of them, or of their variants, begins."""
    conditional = [ConditionalPrice(prices=model.prices)] if isinstance(model.prices, ModelPrice) else model.prices
    if not (own := _on_terms(model)):
        return conditional
    days = sorted({*map(_begin, conditional), *map(_begin, own)} - {date.min})
    return [
        ConditionalPrice(
            None if day == date.min else StartDateConstraint(day),
            prices=model.get_prices(datetime.combine(day, time(), UTC)),
        )
        for day in (date.min, *days)
    ]


def variants(provider: Provider, model: ModelInfo, day: date, prices: Prices) -> dict[str, Prices]:
    """What prices of a model become on a day on other terms, by these terms' names."""
    changes: dict[str, Prices] = {}
    for variant in _on_terms(model):
        if _begin(variant) <= day:
            (name,) = variant.when.values()
            # The first that names a class counts, as in the package.
            changes[name] = {**_set(variant.prices), **changes.get(name, {})}
    made: dict[str, Prices] = {name: {**prices, **change} for name, change in changes.items()}
    if provider.id == "anthropic" and not _WITHOUT_GEO.match(model.id):
        made["us"] = _raised(prices)
        if "fast" in made:
            made["fast+us"] = _raised(made["fast"])
    return made


def _on_terms(model: ModelInfo) -> list[PriceVariant]:
    return [each for each in model.price_variants or () if each.when.keys() <= _TERMS and each.when != _DEFAULT]


def _begin(each: ConditionalPrice | PriceVariant) -> date:
    match each.constraint:
        case None:
            return date.min
        case StartDateConstraint(start_date=day):
            return day
    raise TypeError(f"no day on which a price with variants begins: {each.constraint}")


def _raised(prices: Prices) -> Prices:
    """Anthropic's rule for inference in the United States alone: a tenth more for tokens of every class."""
    return {key: _times(_IN_THE_US, price) if key.endswith("_mtok") else price for key, price in prices.items()}


def _times(factor: Decimal, price: Decimal | TieredPrices) -> Decimal | TieredPrices:
    if isinstance(price, Decimal):
        return factor * price
    return TieredPrices(factor * price.base, [Tier(tier.start, factor * tier.price) for tier in price.tiers])


def _set(prices: ModelPrice) -> Prices:
    return {key: value for key, value in vars(prices).items() if value is not None}


def _first(keys: Sequence[str], prices: Prices, above: int) -> Decimal:
    return next((_at(prices[key], above) for key in keys if key in prices), Decimal())


def _at(price: Decimal | TieredPrices, above: int) -> Decimal:
    if isinstance(price, Decimal):
        return price
    return next((tier.price for tier in reversed(price.tiers) if tier.start <= above), price.base)


def _time(each: ConditionalPrice) -> dict[str, Any]:
    match each.constraint:
        case None:
            return {}
        case StartDateConstraint(start_date=day):
            return {"start": int(datetime.combine(day, time(), UTC).timestamp())}
        case TimeOfDateConstraint(start_time=start, end_time=end):
            return {"daily": [_second(start), _second(end)]}
    raise TypeError(f"no such constraint: {each.constraint}")


def _second(moment: time) -> int:
    if moment.utcoffset() or moment.microsecond:
        raise ValueError(f"neither UTC nor a whole second: {moment}")
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _clause(clause: Any) -> dict[str, Any]:
    ((kind, value),) = vars(clause).items()
    if isinstance(value, list):
        return {kind.rstrip("_"): [_clause(each) for each in value]}
    # Models are looked up in lower case; an expression may say so itself.
    return {kind: value if kind == "regex" else value.lower()}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
