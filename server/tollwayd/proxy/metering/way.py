"""A call's way to one model: what its policies say of it there, which targets there are, at what prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.core.dialect import OutputAsked
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.limits.limit import Refusal
from tollwayd.core.metering.limits.refusals import refused
from tollwayd.core.metering.policies.access import FREE
from tollwayd.core.metering.policies.demand import UNMEASURED, Demand, Tokens
from tollwayd.core.metering.policies.facts import Facts
from tollwayd.core.metering.policies.policy_set import NO_POLICIES
from tollwayd.core.metering.prices.price import UnknownPrice
from tollwayd.core.metering.prices.terms import CacheWrites, Terms
from tollwayd.core.routing import attempts
from tollwayd.proxy import estimate
from tollwayd.proxy.metering.demands import input_bound, input_guess, output_bound
from tollwayd.proxy.metering.entries import Entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollway.proxy.v1.inference_pb2 import Usage
    from tollwayd.core.call import Call
    from tollwayd.core.dialect import Load
    from tollwayd.core.metering.limits.limit import Grants, Limit
    from tollwayd.core.metering.prices.tariff import Tariff
    from tollwayd.core.snapshot import Model, Target, Tenant
    from tollwayd.proxy.engine import Request

_SOUND: Final = b'"audio"'
_ESCAPED: Final = b"\\u00"
"""Without one of these two no request asks for a sound, nor names one that the provider has."""

_NOT_ASKED: Final = OutputAsked()
_NO_TERMS: Final = Terms()


class Way:
    """`prices` has every target that may be tried, in their order, and what it costs; `at` is when the call came (Unix
    seconds). REASON_POLICY_DENIED, REASON_MODEL_NOT_ALLOWED, REASON_MAX_TOKENS_EXCEEDED, REASON_PRICE_UNKNOWN."""

    __slots__ = (
        "_at",
        "_call",
        "_demand",
        "_facts",
        "_output",
        "_request",
        "_tenant",
        "_terms",
        "_terms_of",
        "entries",
        "model",
        "prices",
    )

    def __init__(self, call: Call, tenant: Tenant, model: Model, request: Request, at: float) -> None:
        self._call = call
        self._tenant = tenant
        self._request = request
        self._at = at
        self._demand: Demand | None = None
        self._output = _NOT_ASKED
        self._terms_of: Target | None = None  # Whose `_terms` are.
        self._terms = _NO_TERMS
        self.model = model
        if tenant.policies is not NO_POLICIES:
            self._facts = Facts.of(call, model.public_name)
            self._bound_output()
        self.prices: Mapping[Target, Tariff | None] = self._priced(model)
        self.entries = Entries(call, model.public_name, at)

    def limits(self, target: Target, body: bytes) -> list[Limit]:
        """What the call has to be let through by, to go to this target first, with a body like this.
        REASON_PRICE_UNKNOWN."""
        exchange, policies = self._call.exchange, self._tenant.policies
        assert exchange is not None
        load = self._request.load()
        exchange.input_estimate = estimate.input_tokens(len(body), load)
        if policies is NO_POLICIES:
            return []
        demand = self._demand = self._measured(body, load) if policies.measures else UNMEASURED
        limits = policies.limits(self._facts, demand, int(self._at * 1000))
        return limits + self.provider_limits(target) if policies.about_providers else limits

    def _measured(self, body: bytes, load: Load) -> Demand:
        """What the call may use, whichever target answers."""
        prices = [self._at_most(target, price, body, load) for target, price in self.prices.items()]
        size = len(body)
        tokens = Tokens(input_bound(size, load), input_guess(size, load), output_bound(self._output, prices))
        return Demand.of_any(prices, tokens, self._at, free=self._tenant.unknown_price is UnknownPrice.FREE)

    def charged(self, target: Target, usage: Usage | None) -> Tariff | None:
        """The price of what a target has done, on the terms that it says, or else that it can be taken to mean."""
        price = self.prices[target]
        if price is None or not price.variants:
            return price
        said = "" if usage is None else usage.terms
        return price.on(said or self._terms_for(target).unsaid)

    def _at_most(self, target: Target, price: Tariff | None, body: bytes, load: Load) -> Tariff | None:
        if price is None or price.is_fixed:
            return price
        # Long bodies are not searched for what makes no difference.
        media = not price.minds_media or load.media > 0 or _SOUND in body or _ESCAPED in body
        writes = self._request.cache_writes() if price.writes_when_asked else CacheWrites.HOUR
        return price.bound(self._terms_for(target).possible, writes, media=media)

    def _terms_for(self, target: Target) -> Terms:
        if target is not self._terms_of:
            self._terms_of, self._terms = target, self._request.terms(target)
        return self._terms

    def provider_limits(self, target: Target) -> list[Limit]:
        """What it has to be let through by besides to go to this target, once its limits are known."""
        if self._demand is None or not self._tenant.policies.about_providers:
            return []
        provider = target.provider.name.rpartition("/")[2]
        return self._tenant.policies.provider_limits(self._facts, provider, self._demand, int(self._at * 1000))

    def within(self, grants: Grants, target: Target, body: bytes) -> bytes:
        """The body to send, with fewer output tokens where a limit has left fewer."""
        if self._demand is None or (left := self._tenant.policies.max_output(grants.standings, self._demand)) is None:
            return body
        if left < self._output.choices:
            short = [index for index, each in enumerate(grants.standings) if each.granted < each.limit.amount]
            raise refused(Refusal(grants.now_ms, grants.standings, short, None), short)
        self._limit_output(left)
        return self._request.body_for(target)

    def instead(self, refusal: Refusal) -> Way | None:
        """The way to the model that a refused call goes to in place of this one; None where there is none for it."""
        name = self._tenant.policies.downgrade(refusal)
        model = self._tenant.models.get(name) if name else None
        api_key = self._call.api_key
        assert api_key is not None
        if model is None or model is self.model or not api_key.allows(model.public_name):
            return None
        try:
            return Way(self._call, self._tenant, model, self._request, self._at)
        except TollwayError:
            return None

    def _bound_output(self) -> None:
        exchange = self._call.exchange
        assert exchange is not None
        policies = self._tenant.policies
        verdict = policies.access(self._facts, int(self._at * 1000))
        if verdict is FREE and not policies.measures:
            return
        asked = self._output = self._request.output_asked
        if verdict is FREE:
            return
        total = None if asked.tokens is None else asked.tokens * asked.choices
        allowed = verdict.output_tokens(total)
        if total is None and allowed is not None:
            self._limit_output(allowed)
        if told := verdict.told(total):
            exchange.exceeded += tuple(told)

    def _limit_output(self, tokens: int) -> None:
        """Has all choices together get at most so many tokens, or one each where that is more."""
        choices = self._output.choices
        each = max(1, tokens // choices)
        self._request.limit_output(each)
        self._output = OutputAsked(each, choices)

    def _priced(self, model: Model) -> dict[Target, Tariff | None]:
        at = self._at
        prices = {}
        for target in attempts(model):
            prices[target] = None if target.price is None else target.price.at(at)
        if self._tenant.unknown_price is UnknownPrice.REJECT and None in prices.values():
            prices = {target: price for target, price in prices.items() if price is not None}
            if not prices:
                raise TollwayError(Reason.REASON_PRICE_UNKNOWN, "No price is known for the model.")
        return prices
