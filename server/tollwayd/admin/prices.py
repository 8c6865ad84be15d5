"""PriceService."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tollway.admin.v1.prices_pb2 import ListPricesResponse, Price
from tollwayd.admin.price_rules import check_price
from tollwayd.admin.resources.collection import Collection
from tollwayd.admin.resources.field_behavior import writable_copy
from tollwayd.admin.resources.kind import Kind
from tollwayd.admin.resources.listing import Listing
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.resource_names import child_name, tenant_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tollway.admin.v1 import prices_pb2
    from tollwayd.admin.resources.page_token import PageTokens
    from tollwayd.core.call import Call
    from tollwayd.core.ports import ResourceStore

__all__ = ["PriceServicer"]

_KIND = Kind("prices", "price", Price, Price, lambda record: record)


class PriceServicer:
    """`tollway.admin.v1.PriceService`."""

    def __init__(self, store: ResourceStore, tokens: PageTokens) -> None:
        self._store = store
        self._prices = Collection(store, _KIND, self._rules)
        self._listing = Listing(store, _KIND, tokens)

    async def CreatePrice(self, request: prices_pb2.CreatePriceRequest, _: Call) -> Price:
        name = child_name(request.parent, _KIND.name, request.price_id)
        with _one_at_a_time():
            return await self._prices.create(name, writable_copy(request.price))

    async def GetPrice(self, request: prices_pb2.GetPriceRequest, _: Call) -> Price:
        return await self._prices.get(request.name)

    async def ListPrices(self, request: prices_pb2.ListPricesRequest, _: Call) -> ListPricesResponse:
        page = await self._listing.page(request.parent, request)
        return ListPricesResponse(prices=page.resources, next_page_token=page.next_page_token)

    async def UpdatePrice(self, request: prices_pb2.UpdatePriceRequest, _: Call) -> Price:
        with _one_at_a_time():
            return await self._prices.update(request.price, request.update_mask)

    async def DeletePrice(self, request: prices_pb2.DeletePriceRequest, _: Call) -> Empty:
        await self._prices.delete(request.name, request.etag)
        return Empty()

    async def _rules(self, before: Price | None, after: Price) -> str:
        after.provider = after.provider or "*"
        check_price(after)
        # A provider that is gone must not keep the price from being changed otherwise.
        if after.provider != "*" and (before is None or before.provider != after.provider):
            await self._check_provider(child_name(tenant_of(after.name), "providers", after.provider))
        # Of two prices for the same models that began at the same moment none could be told to go before the other.
        start = after.start_time.ToJsonString() if after.HasField("start_time") else ""
        return f"{after.provider} {start} {after.model}"

    async def _check_provider(self, provider: str) -> None:
        try:
            await self._store.get("providers", provider)
        except TollwayError as error:
            if error.reason != Reason.REASON_RESOURCE_NOT_FOUND:
                raise
            raise TollwayError(
                Reason.REASON_REFERENCE_NOT_FOUND,
                "price.provider: the tenant has no such provider",
                metadata={"field": "price.provider", "name": provider},
            ) from None


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    try:
        yield
    except TollwayError as error:
        if error.metadata.get("conflict") != "claim":
            raise
        raise TollwayError(
            Reason.REASON_RESOURCE_EXISTS,
            "price.model: another price of the tenant is for the same provider and model, from the same time on",
            metadata={**error.metadata, "field": "price.model"},
        ) from None
