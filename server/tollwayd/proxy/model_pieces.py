"""The models of a tenant, compiled one by one: again where they change, or a provider that they name, or prices."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from tollway.admin.v1.models_pb2 import Model as ModelMessage
from tollway.admin.v1.prices_pb2 import Price as PriceMessage
from tollway.config.v1.records_pb2 import ProviderRecord
from tollwayd.core.metering.prices.price import UnknownPrice
from tollwayd.core.resource_names import child_name, tenant_of
from tollwayd.core.snapshot import Model
from tollwayd.proxy.own_prices import OwnPrice
from tollwayd.proxy.prices import TenantPrices
from tollwayd.proxy.targets import Targets, compile_provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tollwayd.core.dialect import Dialect
    from tollwayd.core.metering.prices.price_list import PriceList
    from tollwayd.core.paced import Steps
    from tollwayd.core.ports import Keys
    from tollwayd.core.snapshot import Target
    from tollwayd.proxy.problems import Problems


class Means(NamedTuple):
    """What records are compiled with."""

    dialects: Mapping[str, Dialect]
    keys: Keys
    prices: PriceList


class ModelPieces:
    """The records that make up a tenant's models, taken one by one, None for one that is no more.

    `public_names` are those of the usable models in their order, as of the last `compile`.
    """

    def __init__(self, means: Means, problems: Problems) -> None:
        self._means = means
        self._problems = problems
        self._targets: dict[str, Targets] = {}  # By their providers' names.
        self._own_prices: dict[str, OwnPrice] = {}
        self._unknown = UnknownPrice.DEFAULT
        self._prices = TenantPrices(means.prices, (), self._unknown)
        self._repriced = False
        self._records: dict[str, bytes] = {}
        self._stale: set[str] = set()
        self._models: dict[str, Model] = {}
        self._providers: dict[str, frozenset[str]] = {}  # Those that a model names.
        self._by_public_name: dict[str, Model] = {}
        self._ordered: list[str] = []
        self._compiled: Mapping[str, Model] = {}
        self.public_names: tuple[str, ...] = ()

    def take_provider(self, name: str, record: bytes | None) -> None:
        """A provider, and with it the models that name it."""
        self._targets.pop(name, None)
        with self._problems.left_out(name):
            if record is not None:
                provider = compile_provider(ProviderRecord.FromString(record), self._means.dialects, self._means.keys)
                self._targets[name] = Targets(provider)
        self._stale.update(model for model, providers in self._providers.items() if name in providers)

    def take_price(self, name: str, version: int, record: bytes | None) -> None:
        """A price of the tenant's own, which the write of this version made; any model may be what it is for."""
        self._own_prices.pop(name, None)
        self._repriced = True
        with self._problems.left_out(name):
            if record is not None:
                self._own_prices[name] = OwnPrice.of(PriceMessage.FromString(record), version)

    def take_unknown_price(self, unknown: UnknownPrice) -> None:
        """What is to be done where no price is known."""
        self._repriced |= unknown is not self._unknown
        self._unknown = unknown

    def take_model(self, name: str, record: bytes | None) -> None:
        """A model."""
        self._stale.add(name)
        if record is None:
            self._records.pop(name, None)
        else:
            self._records[name] = record

    def compile(self) -> Steps[Mapping[str, Model]]:
        """The usable models by their public names."""
        if self._repriced:
            own = (self._own_prices[name] for name in sorted(self._own_prices))
            self._prices = TenantPrices(self._means.prices, own, self._unknown)
            self._stale.update(self._records)
            self._repriced = False
        if self._stale:
            yield from self._compile_stale()
            self._compiled = dict(self._by_public_name)
            self.public_names = tuple(self._ordered)
        return self._compiled

    def _compile_stale(self) -> Steps[None]:
        stale = sorted(self._stale)
        for name in stale:  # All of them first: one may have the public name that another had.
            self._forget(name)
            yield
        for name in stale:
            with self._problems.left_out(name):
                if (record := self._records.get(name)) is not None:
                    self._compile(name, ModelMessage.FromString(record))
            yield
        self._stale.clear()

    def _forget(self, name: str) -> None:
        self._providers.pop(name, None)
        model = self._models.pop(name, None)
        if model is not None and self._by_public_name.pop(model.public_name, None) is not None:
            del self._ordered[bisect_left(self._ordered, model.public_name)]

    def _compile(self, name: str, message: ModelMessage) -> None:
        self._providers[name] = frozenset(_provider_names(message))
        ordered = tuple(tuple(tier) for tier in self._tiers(name, message))
        model = Model(message.name, message.public_name, message.display_name, message.create_time.seconds, ordered)
        if model.public_name not in self._by_public_name:
            insort(self._ordered, model.public_name)
        self._models[name] = self._by_public_name[model.public_name] = model

    def _tiers(self, name: str, message: ModelMessage) -> Iterator[list[Target]]:
        tiers: dict[int, list[Target]] = defaultdict(list)
        for provider, target in zip(_provider_names(message), message.targets, strict=True):
            if provider in self._targets:
                tiers[target.priority].append(self._targets[provider].of(target, self._prices))
            else:
                self._problems.tell(name, f"its target {target.provider} cannot be used")
        return (tiers[priority] for priority in sorted(tiers))


def _provider_names(message: ModelMessage) -> list[str]:
    tenant = tenant_of(message.name)
    return [child_name(tenant, "providers", target.provider) for target in message.targets]
