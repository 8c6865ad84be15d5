"""The prices of a tenant's targets: its own, then those of the price list."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tollwayd.core.metering.prices.price import UnknownPrice
from tollwayd.core.metering.prices.price_list import WRITE_WHEN_ASKED
from tollwayd.core.metering.prices.schedule import ALWAYS, entries_of, priced
from tollwayd.core.resource_names import id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tollwayd.core.metering.prices.price import Price
    from tollwayd.core.metering.prices.price_list import PriceList
    from tollwayd.core.metering.prices.schedule import Entry
    from tollwayd.core.snapshot import Provider
    from tollwayd.proxy.own_prices import OwnPrice

_BY_DIALECT: Final = {"anthropic.messages": "anthropic", "openai.chat": "openai"}
"""Whose prices count at a URL that the list does not know, as that of a company's own proxy."""

VENDORS: Final = 128
"""Providers whose vendor is known without another look at the list: as many as a tenant's models are spread over."""


class TenantPrices:
    """Finds the price of a target."""

    def __init__(self, listed: PriceList, own: Iterable[OwnPrice], unknown: UnknownPrice) -> None:
        self._list = listed
        self._own = sorted(own, key=lambda price: price.exactness, reverse=True)
        self._unknown = unknown
        self._vendor = lru_cache(VENDORS)(self._find_vendor)

    def of(self, provider: Provider, model: str) -> Price | None:
        """The price of a provider's model, by the name that it has there; None where nobody knows it."""
        vendor = self._vendor(provider)
        listed = self._list.find(vendor, model) if vendor else None
        cap = listed.max_output_tokens if listed else None
        own = self._own_entries(id_of(provider.name), model, cap)
        if vendor in WRITE_WHEN_ASKED:
            own = ((period, replace(tariff, writes_when_asked=True)) for period, tariff in own)
        entries = [*own, *entries_of(listed)]
        if self._unknown is UnknownPrice.ASSUME_MAX and vendor:
            entries += [(ALWAYS, dearest)] if (dearest := self._list.dearest(vendor)) else []
        return priced(entries)

    def _own_entries(self, provider: str, model: str, cap: int | None) -> Iterator[Entry]:
        for price in self._own:
            if price.fits(provider, model):
                tariff = price.tariff
                yield price.period, tariff if tariff.max_output_tokens else replace(tariff, max_output_tokens=cap)

    def _find_vendor(self, provider: Provider) -> str | None:
        url = f"{provider.origin.scheme}://{provider.origin.authority}{provider.path}"
        return self._list.provider_at(url) or _BY_DIALECT.get(provider.dialect.name)
