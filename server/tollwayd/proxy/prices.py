"""The prices of a tenant's targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tollwayd.core.metering.price import Price
    from tollwayd.core.metering.price_list import PriceList
    from tollwayd.core.snapshot import Provider

_BY_DIALECT: Final = {"anthropic.messages": "anthropic", "openai.chat": "openai"}
"""Whose prices count at a URL that the list does not know, as that of a company's own proxy."""


class TenantPrices:
    """Finds the price of a target."""

    def __init__(self, listed: PriceList) -> None:
        self._list = listed

    def of(self, provider: Provider, model: str) -> Price | None:
        """The price of a provider's model, by the name that it has there; None where nobody knows it."""
        listed = self._listed(provider)
        return self._list.find(listed, model) if listed else None

    def _listed(self, provider: Provider) -> str | None:
        url = f"{provider.origin.scheme}://{provider.origin.authority}{provider.path}"
        return self._list.provider_at(url) or _BY_DIALECT.get(provider.dialect.name)
