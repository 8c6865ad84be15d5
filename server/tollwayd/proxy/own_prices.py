"""A tenant's own prices, out of their records."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from tollwayd.core.metering.money import nanos
from tollwayd.core.metering.prices.schedule import Period
from tollwayd.core.metering.prices.tariff import Rates, Tariff, Tier

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from tollway.admin.v1.prices_pb2 import Price as PriceMessage


class OwnPrice(NamedTuple):
    """A price for a provider, `*` for all, and a model, `*` at its end for all that begin so."""

    provider: str
    model: str
    period: Period
    tariff: Tariff

    @classmethod
    def of(cls, message: PriceMessage, version: int) -> OwnPrice:
        """That of a record, which the write of this version made."""
        tiers = tuple(Tier(tier.threshold_tokens, _rates(tier.rates)) for tier in message.tiers)
        tariff = Tariff(f"{message.name}@{version}", _rates(message.rates), tiers, message.max_output_tokens or None)
        start = _unix(message.start_time) if message.HasField("start_time") else -inf
        end = _unix(message.end_time) if message.HasField("end_time") else inf
        return cls(message.provider, message.model, Period(start, end), tariff)

    def fits(self, provider: str, model: str) -> bool:
        """Whether it is for a provider's model."""
        if self.provider not in ("*", provider):
            return False
        return model.startswith(self.model[:-1]) if self.model.endswith("*") else model == self.model

    @property
    def exactness(self) -> tuple[bool, bool, int, float]:
        """Greater than that of the prices it goes before."""
        return self.provider != "*", not self.model.endswith("*"), len(self.model), self.period.start


def _rates(message: PriceMessage.Rates) -> Rates:
    fresh, output = nanos(message.input), nanos(message.output)
    written = nanos(message.cache_write) if message.HasField("cache_write") else fresh
    return Rates(
        input=fresh,
        cache_read=nanos(message.cache_read) if message.HasField("cache_read") else fresh,
        cache_write=written,
        cache_write_hour=nanos(message.cache_write_hour) if message.HasField("cache_write_hour") else written,
        output=output,
        reasoning=nanos(message.reasoning) if message.HasField("reasoning") else output,
        request=nanos(message.request),
    )


def _unix(time: Timestamp) -> float:
    return time.seconds + time.nanos / 1e9
