"""From stored records to a Snapshot: everything that a call would otherwise work out again is worked out here, once.

A record that cannot be compiled (its secret sealed under a key that this process does not have, say) does not take the
others with it: it is left out, and `Snapshot.problems` says why. All processes read the same records, also those that
an older or newer version wrote, so one that ended a process would end them all, and every restart.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from tollway.admin.v1.models_pb2 import Model as ModelMessage
from tollway.admin.v1.prices_pb2 import Price as PriceMessage
from tollway.admin.v1.tenants_pb2 import Tenant as TenantMessage
from tollway.config.v1.records_pb2 import ApiKeyRecord, ProviderRecord
from tollwayd.core.call import Principal
from tollwayd.core.errors import TollwayError
from tollwayd.core.metering.prices.price import UnknownPrice
from tollwayd.core.resource_names import child_name, is_of_tenant, kind_of, tenant_of
from tollwayd.core.sealing import credential_context
from tollwayd.core.snapshot import ApiKey, Model, Provider, Secret, Snapshot, Target, Tenant
from tollwayd.core.timeouts import Timeouts
from tollwayd.proxy.own_prices import OwnPrice
from tollwayd.proxy.policies import compile_policies
from tollwayd.proxy.prices import TenantPrices
from tollwayd.upstream.client import request_head
from tollwayd.upstream.origin import parse_base_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from google.protobuf.timestamp_pb2 import Timestamp

    from tollway.admin.v1.models_pb2 import Target as TargetMessage
    from tollwayd.core.dialect import Dialect
    from tollwayd.core.metering.prices.price import Price
    from tollwayd.core.metering.prices.price_list import PriceList
    from tollwayd.core.ports import Change, Keys, Resource

_JSON_HEADER = ("content-type", "application/json")

_UNUSABLE = (TollwayError, ValueError, KeyError, DecodeError)
"""What a record's own fault is raised as: a rule that it breaks, a secret, a dialect, its bytes."""


class Compiler:
    """Keeps the records of the present version, and compiles again only the tenants that a change touches."""

    def __init__(self, dialects: Mapping[str, Dialect], keys: Keys, prices: PriceList) -> None:
        self._dialects = dialects
        self._keys = keys
        self._prices = prices
        self._records: dict[str, dict[str, bytes]] = defaultdict(dict)
        self._versions: dict[str, int] = {}  # Of the records of prices, which the ledger names.
        self._tenants: dict[str, Tenant] = {}
        self._secrets: dict[bytes, Secret] = {}
        self._lookup_keys: dict[str, tuple[bytes, ...]] = {}
        # By what is compiled in one piece, a tenant or an API key, so that compiling it again forgets the old ones.
        self._problems: dict[str, dict[str, str]] = {}

    def compile(self, version: int, resources: Iterable[Resource]) -> Snapshot:
        """The Snapshot of a version, from all of its resources."""
        self._records.clear()
        self._versions.clear()
        self._tenants.clear()
        self._secrets.clear()
        self._lookup_keys.clear()
        self._problems.clear()
        for resource in resources:
            self._keep(resource.name, resource.record, resource.version)
        for tenant in list(self._records):
            self._compile_tenant(tenant)
        return self._snapshot(version)

    def apply(self, changes: Iterable[Change]) -> Snapshot:
        """The Snapshot after some more changes, at least one."""
        touched: set[str] = set()
        version = 0
        for change in changes:
            version = change.version
            self._keep(change.name, change.record, version)
            if is_of_tenant(change.name) and kind_of(change.name) != "apiKeys":
                touched.add(tenant_of(change.name))
        for tenant in touched:
            self._compile_tenant(tenant)
        return self._snapshot(version)

    def _keep(self, name: str, record: bytes | None, version: int) -> None:
        if not is_of_tenant(name):
            return  # Nothing of the operator's own (plans, billing accounts) matters to a call.
        if kind_of(name) == "apiKeys":
            self._keep_api_key(name, record)
        elif record is None:
            self._records[tenant_of(name)].pop(name, None)
            self._versions.pop(name, None)
        else:
            self._records[tenant_of(name)][name] = record
            if kind_of(name) == "prices":
                self._versions[name] = version

    def _keep_api_key(self, name: str, record: bytes | None) -> None:
        for lookup_key in self._lookup_keys.pop(name, ()):
            self._secrets.pop(lookup_key, None)
        self._problems.pop(name, None)
        if record is not None:
            with self._left_out(name):
                secrets = self._compile_api_key(ApiKeyRecord.FromString(record))
                self._lookup_keys[name] = tuple(secrets)
                self._secrets.update(secrets)

    def _compile_api_key(self, record: ApiKeyRecord) -> dict[bytes, Secret]:
        message = record.api_key
        tenant = tenant_of(message.name)
        principal = Principal(message.name, tenant=tenant, key=message.name, roles=frozenset({"caller"}))
        allowed = frozenset(message.allowed_models) or None
        tags = tuple(sorted(f"{name}={value}" for name, value in message.tags.items()))
        api_key = ApiKey(principal, message.disabled, allowed, frozenset(message.groups), message.tier, tags)
        end = _unix(message.expire_time) if message.HasField("expire_time") else None
        secrets = {}
        for digest in record.digests:
            own_end = _unix(digest.expire_time) if digest.HasField("expire_time") else None
            secrets[self._keys.lookup_key(digest)] = Secret(api_key, _earlier(end, own_end))
        return secrets

    @contextmanager
    def _left_out(self, name: str) -> Iterator[None]:
        """What is compiled within is left out where the record of this name does not allow it."""
        try:
            yield
        except _UNUSABLE as error:
            self._report(name, f"cannot be used: {error}")

    def _report(self, name: str, problem: str) -> None:
        piece = name if kind_of(name) == "apiKeys" else tenant_of(name)
        self._problems.setdefault(piece, {})[name] = problem

    def _compile_tenant(self, name: str) -> None:
        records = self._records[name]
        self._tenants.pop(name, None)
        self._problems.pop(name, None)
        if name not in records:
            self._records.pop(name)
            return
        with self._left_out(name):
            message = TenantMessage.FromString(records[name])
            unknown = UnknownPrice(message.unknown_price)
            models = self._models(records, TenantPrices(self._prices, self._own_prices(records), unknown))
            policies = compile_policies(records, self._report)
            self._tenants[name] = Tenant(name, message.disabled, models, policies, unknown)

    def _own_prices(self, records: Mapping[str, bytes]) -> list[OwnPrice]:
        prices = []
        for name in _of(records, "prices"):
            with self._left_out(name):
                prices.append(OwnPrice.of(PriceMessage.FromString(records[name]), self._versions[name]))
        return prices

    def _models(self, records: Mapping[str, bytes], prices: TenantPrices) -> dict[str, Model]:
        providers = self._providers(records)
        by_public_name = {}
        for name in _of(records, "models"):
            with self._left_out(name):
                model = self._model(name, ModelMessage.FromString(records[name]), providers, prices)
                by_public_name[model.public_name] = model
        return by_public_name

    def _providers(self, records: Mapping[str, bytes]) -> dict[str, Provider]:
        providers = {}
        for name in _of(records, "providers"):
            with self._left_out(name):
                providers[name] = self._provider(ProviderRecord.FromString(records[name]))
        return providers

    def _provider(self, record: ProviderRecord) -> Provider:
        message = record.provider
        origin, path = parse_base_url(message.base_url)
        credential = ""
        if record.HasField("api_key"):
            credential = self._keys.unseal(record.api_key, credential_context(message.name, origin))
        dialect = self._dialects[message.dialect].at(origin.host)
        return Provider(message.name, dialect, origin, path, Timeouts.of(message.timeouts), credential)

    def _model(
        self, name: str, message: ModelMessage, providers: Mapping[str, Provider], prices: TenantPrices
    ) -> Model:
        tiers: dict[int, list[Target]] = defaultdict(list)
        for target in message.targets:
            provider = providers.get(child_name(tenant_of(name), "providers", target.provider))
            if provider is None:
                self._report(name, f"its target {target.provider} cannot be used")
            else:
                tiers[target.priority].append(_target(target, provider, prices.of(provider, target.model)))
        ordered = tuple(tuple(tiers[priority]) for priority in sorted(tiers))
        return Model(message.name, message.public_name, message.display_name, message.create_time.seconds, ordered)

    def _snapshot(self, version: int) -> Snapshot:
        problems = {name: problem for piece in self._problems.values() for name, problem in piece.items()}
        return Snapshot(version, dict(self._tenants), dict(self._secrets), problems)


def _target(message: TargetMessage, provider: Provider, price: Price | None) -> Target:
    unary, stream = (_head(provider, message.model, stream=stream) for stream in (False, True))
    weight = message.weight if message.HasField("weight") else 1
    return Target(provider, message.model, weight, message.priority, unary, stream, price)


def _head(provider: Provider, model: str, *, stream: bool) -> bytes:
    path = provider.path + provider.dialect.path(model, stream=stream)
    headers = (_JSON_HEADER, *provider.dialect.headers(provider.credential))
    return request_head("POST", provider.origin, path, headers)


def _unix(time: Timestamp) -> float:
    return time.seconds + time.nanos / 1e9


def _of(records: Mapping[str, bytes], kind: str) -> list[str]:
    return sorted(name for name in records if kind_of(name) == kind)


def _earlier(one: float | None, other: float | None) -> float | None:
    ends = [end for end in (one, other) if end is not None]
    return min(ends, default=None)
