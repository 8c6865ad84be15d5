"""A tenant's configuration, compiled in pieces: a change compiles again what it is part of, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollway.admin.v1.tenants_pb2 import Tenant as TenantMessage
from tollwayd.core.metering.prices.price import UnknownPrice
from tollwayd.core.resource_names import kind_of
from tollwayd.core.snapshot import Tenant
from tollwayd.proxy.model_pieces import ModelPieces
from tollwayd.proxy.policies import PolicyPieces

if TYPE_CHECKING:
    from tollwayd.core.paced import Steps
    from tollwayd.proxy.model_pieces import Means
    from tollwayd.proxy.problems import Problems


class TenantPieces:
    """The records of a tenant, taken one by one. It says of those that cannot be used what their problem is."""

    def __init__(self, means: Means, problems: Problems) -> None:
        self._problems = problems
        self._message: TenantMessage | None = None
        self._models = ModelPieces(means, problems)
        self._policies = PolicyPieces(problems)

    def take(self, name: str, version: int, record: bytes | None) -> None:
        """Takes a record, None for one that is no more, in place of the one of before."""
        match kind_of(name):
            case "tenants":
                self._take_tenant(name, record)
            case "providers":
                self._models.take_provider(name, record)
            case "prices":
                self._models.take_price(name, version, record)
            case "models":
                self._models.take_model(name, record)
            case "policies" | "tiers":
                self._policies.take(name, record)

    def compile(self) -> Steps[Tenant | None]:
        """The tenant as it is now; None where its own record is not there or cannot be used."""
        models = yield from self._models.compile()
        message = self._message
        if message is None:
            return None
        unknown = UnknownPrice(message.unknown_price)
        names = self._models.public_names
        return Tenant(message.name, message.disabled, models, names, self._policies.compiled(), unknown)

    def _take_tenant(self, name: str, record: bytes | None) -> None:
        self._message = None
        with self._problems.left_out(name):
            if record is not None:
                message = TenantMessage.FromString(record)
                self._models.take_unknown_price(UnknownPrice(message.unknown_price))
                self._message = message
