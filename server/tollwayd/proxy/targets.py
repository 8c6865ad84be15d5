"""From a provider's record to the targets that calls go to: origin, credential and request heads, worked out once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tollwayd.core.sealing import credential_context
from tollwayd.core.snapshot import Provider, Target
from tollwayd.core.timeouts import Timeouts
from tollwayd.upstream.client import request_head
from tollwayd.upstream.origin import parse_base_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollway.admin.v1.models_pb2 import Target as TargetMessage
    from tollway.config.v1.records_pb2 import ProviderRecord
    from tollwayd.core.dialect import Dialect
    from tollwayd.core.ports import Keys
    from tollwayd.proxy.prices import TenantPrices

_JSON_HEADER: Final = ("content-type", "application/json")

HEADS: Final = 16
"""Request heads that a provider's targets share. Most dialects have one path for all models, a few name them in it."""


def compile_provider(record: ProviderRecord, dialects: Mapping[str, Dialect], keys: Keys) -> Provider:
    """A provider, its credential opened. ValueError, KeyError, TollwayError where it cannot be used."""
    message = record.provider
    origin, path = parse_base_url(message.base_url)
    credential = ""
    if record.HasField("api_key"):
        credential = keys.unseal(record.api_key, credential_context(message.name, origin))
    dialect = dialects[message.dialect].at(origin.host)
    return Provider(message.name, dialect, origin, path, Timeouts.of(message.timeouts), credential)


class Targets:
    """Makes the targets of one provider."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._head = lru_cache(HEADS)(self._write_head)

    def of(self, message: TargetMessage, prices: TenantPrices) -> Target:
        """The target of a model's message. TollwayError where its head cannot be written."""
        provider, model = self._provider, message.model
        unary, stream = (self._head(provider.dialect.path(model, stream=stream)) for stream in (False, True))
        weight = message.weight if message.HasField("weight") else 1
        price = prices.of(provider, model)
        return Target(provider, model, weight, message.priority, unary, stream, price)

    def _write_head(self, path: str) -> bytes:
        provider = self._provider
        headers = (_JSON_HEADER, *provider.dialect.headers(provider.credential))
        return request_head("POST", provider.origin, provider.path + path, headers)
