"""What would become of a call, judged as the proxy judges it, with nothing taken of any limit."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tollway.admin.v1.policies_pb2 import DryRunResponse, PolicyVerdict
from tollwayd.admin.policies.verdicts import access_verdicts, duration, limit_verdicts
from tollwayd.core.call import new_call_id
from tollwayd.core.errors import RULES, Reason, TollwayError
from tollwayd.core.metering.charge import NOTHING
from tollwayd.core.metering.limits.limit import Grants, Refusal, Reservation
from tollwayd.core.metering.limits.refusals import refused, refused_by_provider
from tollwayd.core.metering.policies.demand import Demand, Tokens, most_output
from tollwayd.core.metering.prices.price import UnknownPrice
from tollwayd.core.metering.prices.terms import CacheWrites
from tollwayd.core.resource_names import id_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tollwayd.admin.policies.dry_call import DryCall
    from tollwayd.core.metering.limits.limit import Limit
    from tollwayd.core.metering.prices.tariff import Tariff
    from tollwayd.core.ports import Meter

__all__ = ["DryRun"]

_MS_A_SECOND: Final = 1000


class _Judged(NamedTuple):
    """What becomes of a call to one model; `other` is the model that it goes to instead."""

    response: DryRunResponse
    other: str | None = None


class DryRun:
    """Judges calls with a meter."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    async def judge(self, call: DryCall) -> DryRunResponse:
        """What would become of the call, and what each policy says of it."""
        if barred := call.barred():
            return _refused(barred, [])
        response, other = await self._by_model(call)
        if other is None or other not in call.tenant.models:
            return response
        # As a real call, it is sent to another model once, and only to one that it may have.
        instead = replace(call, facts=msgspec.structs.replace(call.facts, model=other))
        if instead.barred() or _denied(instead):
            return response
        response, _ = await self._by_model(instead)
        response.downgrade_model = other
        return response

    async def _by_model(self, call: DryCall) -> _Judged:
        now_ms = int(time.time() * _MS_A_SECOND)
        verdicts = access_verdicts(call.policies.access_rules(call.facts), call.facts, call.asked, now_ms)
        try:
            asked = call.policies.access(call.facts, now_ms).output_tokens(call.asked)
            providers = _providers(call, now_ms)
            demand = _demand(call, list(providers.values()), asked, now_ms)
            provider, answer = await self._by_limits(call, list(providers), demand, now_ms)
        except TollwayError as error:
            return _Judged(_refused(error, verdicts))
        verdicts += limit_verdicts(answer.standings, call.policies)
        if isinstance(answer, Grants):
            lowered = call.policies.max_output(answer.standings, demand)
            given = asked if lowered is None else lowered
            return _Judged(
                DryRunResponse(admitted=True, max_output_tokens=given or 0, provider=provider, verdicts=verdicts)
            )
        own = [index for index in answer.refused if not answer.standings[index].limit.provider]
        response = _refused(refused(answer, own) if own else refused_by_provider(answer), verdicts)
        response.provider = provider
        return _Judged(response, call.policies.downgrade(msgspec.structs.replace(answer, refused=own)) if own else None)

    async def _by_limits(
        self, call: DryCall, providers: Sequence[str], demand: Demand, now_ms: int
    ) -> tuple[str, Grants | Refusal]:
        """By the first provider that lets it through, or the last."""
        limits = call.policies.limits(call.facts, demand, now_ms)
        answer: Grants | Refusal = Grants(now_ms, ())
        for provider in providers:
            own = call.policies.provider_limits(call.facts, provider, demand, now_ms)
            answer = await self._reserve(call, [*limits, *own])
            if not _by_provider_alone(answer):
                return provider, answer
        return providers[-1], answer

    async def _reserve(self, call: DryCall, limits: Sequence[Limit]) -> Grants | Refusal:
        return await self._meter.reserve(Reservation(call.tenant.name, new_call_id(), limits, NOTHING, dry=True))


def _denied(call: DryCall) -> bool:
    try:
        call.policies.access(call.facts, int(time.time() * _MS_A_SECOND)).output_tokens(call.asked)
    except TollwayError:
        return True
    return False


def _providers(call: DryCall, now_ms: int) -> Mapping[str, Sequence[Tariff | None]]:
    """The providers of the model's targets in the order of their priority, and the prices there.
    REASON_MODEL_UNUSABLE, REASON_PRICE_UNKNOWN."""
    targets = [target for tier in call.tenant.models[call.facts.model].tiers for target in tier]
    if not targets:
        raise TollwayError(Reason.REASON_MODEL_UNUSABLE)
    needed = call.tenant.unknown_price is UnknownPrice.REJECT
    prices: dict[str, list[Tariff | None]] = {}
    for target in targets:
        price = None if target.price is None else target.price.at(now_ms / _MS_A_SECOND)
        if price is not None or not needed:
            possible = target.provider.dialect.terms({}).possible
            prices.setdefault(id_of(target.provider.name), []).append(price and price.bound(possible, CacheWrites.NONE))
    if not prices:
        raise TollwayError(Reason.REASON_PRICE_UNKNOWN, "No price is known for the model.")
    return prices


def _demand(call: DryCall, by_provider: Sequence[Sequence[Tariff | None]], asked: int | None, now_ms: int) -> Demand:
    prices = [price for own in by_provider for price in own]
    output = most_output(prices) if asked is None else asked
    tokens = Tokens(call.input_tokens, call.input_tokens, output)
    free = call.tenant.unknown_price is UnknownPrice.FREE
    return Demand.of_any(prices, tokens, now_ms / _MS_A_SECOND, free=free)


def _by_provider_alone(answer: Grants | Refusal) -> bool:
    """Whether a call is refused, but may go to another provider."""
    return isinstance(answer, Refusal) and all(answer.standings[index].limit.provider for index in answer.refused)


def _refused(error: TollwayError, verdicts: Sequence[PolicyVerdict]) -> DryRunResponse:
    response = DryRunResponse(reason=RULES[error.reason].name, message=error.message, verdicts=verdicts)
    if error.retry_after is not None:
        response.retry_delay.CopyFrom(duration(int(error.retry_after * _MS_A_SECOND)))
    return response
