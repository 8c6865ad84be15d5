"""The price list: what the providers ask for their models, as a file that `tollwayd.prices.made` makes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tollwayd.core.metering.prices.max_output import max_output_tokens
from tollwayd.core.metering.prices.model_match import Matcher
from tollwayd.core.metering.prices.parts import NO_RATES, PartRates
from tollwayd.core.metering.prices.schedule import Period, priced
from tollwayd.core.metering.prices.tariff import Rates, Tariff, Tier, dearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tollwayd.core.metering.prices.schedule import Entry, Schedule

MAX_KNOWN: Final = 10_000
"""Targets whose price is kept once it was found: as many as the tenants of a large gateway have different ones."""

WRITE_WHEN_ASKED: Final = frozenset({"anthropic"})
"""Providers that write to their prompt cache what a request marks to be cached (`cache_control`), and nothing else."""

ListedTiers = tuple[tuple[int, Rates], ...]


class ListedRates(msgspec.Struct, frozen=True, omit_defaults=True):
    """Prices on the same terms. `tiers` are (above how many input tokens, rates), the first of them above -1; `parts`
    the rates of `PartRates` that there are, by name."""

    tiers: ListedTiers
    parts: dict[str, int] = {}

    def tariff(self, version: str, max_output_tokens: int | None) -> Tariff:
        """The price that they make."""
        (_, rates), *tiers = self.tiers
        parts = PartRates(**self.parts) if self.parts else NO_RATES
        return Tariff(version, rates, tuple(Tier(*tier) for tier in tiers), max_output_tokens, parts=parts)


class ListedPrices(ListedRates, frozen=True, omit_defaults=True):
    """Prices for a time; `variants` are those on other terms, by these terms' names."""

    variants: dict[str, ListedRates] = {}
    start: int | None = None
    daily: tuple[int, int] | None = None


class ListedModel(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model. Of its prices the last one whose time it is counts, else the first; none are none in tokens."""

    id: str
    match: dict[str, Any]
    prices: tuple[ListedPrices, ...]
    context_tokens: int | None = None


class ListedProvider(msgspec.Struct, frozen=True):
    """A provider: the expression that its URLs begin with, its models, and whose models it has besides."""

    id: str
    url: str
    fallbacks: tuple[str, ...]
    models: msgspec.Raw


class ListFile(msgspec.Struct, frozen=True):
    """The file. Models stay unread until somebody asks for one of their provider's."""

    version: str
    providers: tuple[ListedProvider, ...]


class PriceList:
    """Finds the price of a provider's model."""

    def __init__(self, content: bytes) -> None:
        file = msgspec.json.decode(content, type=ListFile)
        self.version: Final = file.version
        self._providers = {provider.id: provider for provider in file.providers}
        self._models = lru_cache(len(self._providers))(self._read_models)
        self.find = lru_cache(MAX_KNOWN)(self._find)
        self.dearest = lru_cache(len(self._providers))(self._dearest)

    def provider_at(self, url: str) -> str | None:
        """The id of the provider whose base URL this is."""
        return next((provider.id for provider in self._providers.values() if re.match(provider.url, url)), None)

    def _find(self, provider: str, model: str) -> Tariff | Schedule | None:
        """The price of a provider's model, by the name that it has there; None where the list has none in tokens."""
        lower = model.lower()
        listed = self._match(provider, lower)
        if listed is None and (dashed := _dashed_date(lower)) != lower:
            listed = self._match(provider, dashed)
        if listed is None:
            return None
        asked = provider in WRITE_WHEN_ASKED
        return priced([(period, replace(tariff, writes_when_asked=asked)) for period, tariff in self._entries(listed)])

    def _dearest(self, provider: str) -> Tariff | None:
        """A price below which no model of a provider lies in any class, at any time."""
        own = self._providers[provider]
        every = (
            tariff
            for each in (provider, *own.fallbacks)
            for model in self._models(each)[0]
            for _, tariff in self._entries(model)
        )
        return dearest(every, f"{self.version} (the dearest of {provider})")

    def _match(self, provider: str, model: str) -> ListedModel | None:
        for each in (provider, *self._providers[provider].fallbacks):
            models, matcher = self._models(each)
            if (place := matcher.find(model)) is not None:
                return models[place]
        return None

    def _read_models(self, provider: str) -> tuple[Sequence[ListedModel], Matcher]:
        models = msgspec.json.decode(self._providers[provider].models, type=tuple[ListedModel, ...])
        return models, Matcher(model.match for model in models)

    def _entries(self, model: ListedModel) -> Iterator[Entry]:
        # The order of a Schedule: the first that covers a moment.
        for listed in reversed(model.prices):
            start = {} if listed.start is None else {"start": listed.start}
            yield Period(**start, daily=listed.daily), self._price(model, listed)
        if model.prices:
            yield Period(), self._price(model, model.prices[0])

    def _price(self, model: ListedModel, listed: ListedPrices) -> Tariff:
        cap = max_output_tokens(model.id) or model.context_tokens
        variants = {name: each.tariff(f"{self.version}+{name}", cap) for name, each in listed.variants.items()}
        standard = listed.tariff(self.version, cap)
        return replace(standard, variants=variants) if variants else standard


_COMPACT_DATE: Final = re.compile(r"-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


def _dashed_date(model: str) -> str:
    """`gpt-5.2-20251211` → `gpt-5.2-2025-12-11`: some routers write the first, and the list has the second."""

    def dashed(found: re.Match[str]) -> str:
        try:
            return f"-{date(*map(int, found.groups()))}"
        except ValueError:
            return found[0]

    return _COMPACT_DATE.sub(dashed, model)
