"""A call's ticket: it is let through by its limits, turns to one target after another, and is charged in the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.call import unknown_cost, unsettled
from tollwayd.core.failpoint import failpoint
from tollwayd.core.metering.charge import NOTHING, Counts
from tollwayd.core.metering.limits.limit import Grants, Refusal, Reservation, Settlement
from tollwayd.core.metering.limits.refusals import refused, refused_by_provider, retries_in_vain
from tollwayd.core.metering.money import decimal
from tollwayd.proxy import estimate
from tollwayd.proxy.metering import headers
from tollwayd.proxy.metering.endings import ending
from tollwayd.proxy.metering.entries import Used
from tollwayd.proxy.metering.way import Way

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tollway.proxy.v1.inference_pb2 import Usage
    from tollwayd.core.call import Call
    from tollwayd.core.errors import TollwayError
    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.snapshot import Model, Target
    from tollwayd.proxy.engine import Request
    from tollwayd.proxy.metering.metering import Metering


class Ticket:
    """Of one call: `next_target`, and `admit` before that one is asked; `asks`, `answers` and `fails` tell how it went.
    The call's ending settles. Making one raises what `Way` raises."""

    __slots__ = (
        "_answered",
        "_asked",
        "_asked_before",
        "_asking",
        "_attempt",
        "_call",
        "_downgraded",
        "_held",
        "_metering",
        "_request",
        "_target",
        "_targets",
        "_way",
        "tenant",
    )

    def __init__(self, metering: Metering, call: Call, model: Model, request: Request) -> None:
        assert call.snapshot is not None
        assert call.principal is not None
        self.tenant = call.principal.tenant
        self._metering = metering
        self._call = call
        self._request = request
        self._attempt = 0
        self._held = False
        self._downgraded = False
        self._target: Target | None = None
        self._asked: Target | None = None
        self._asked_before: Target | None = None
        self._answered: Target | None = None
        self._asking = False
        self._way = Way(call, call.snapshot.tenants[self.tenant], model, request, metering.now())
        self._targets = iter(self._way.prices)

    # --- On the way in.

    def next_target(self) -> Target | None:
        """The target to try next; None where there is none left."""
        self._target = next(self._targets, None)
        return self._target

    async def admit(self, target: Target, body: bytes) -> bytes | TollwayError | None:
        """Lets the call go to this target with this body: gives the body to send, which another one may have taken the
        place of; the error where a limit of the target's provider is reached; None where the call is to go on with
        `next_target`, which is another model's. Raises the error that the caller is told where it is not let through.
        """
        if self._held:
            limits = self._way.provider_limits(target)
            if not limits:
                self._metering.meter.checkpoint(self.tenant, self._call.id, self.so_far())
                return body
            self._attempt += 1
        else:
            limits = self._way.limits(target, body)
        # A meter that is left before it has answered calls the reservation off by itself.
        reservation = Reservation(self.tenant, self._call.id, limits, self.so_far(), self._attempt)
        answer = await self._metering.meter.reserve(reservation)
        if isinstance(answer, Refusal):
            return self._refused(answer)
        self._hold(answer)
        return self._way.within(answer, target, body) if answer.standings else body

    def _hold(self, grants: Grants) -> None:
        exchange = self._call.exchange
        assert exchange is not None
        if not self._held:
            self._held = True
            exchange.cost, exchange.settle = self.cost, self.settle
            self._metering.running[self._call.id] = self
            self._call.defer_to_last(self._settle_at_end)  # What was delivered is known when all is closed.
            if grants.standings:
                self._tell_limits(grants)
        for each in grants.standings:
            if each.exceeded:
                exchange.exceeded += (each.limit.policy,)

    def _refused(self, refusal: Refusal) -> TollwayError | None:
        standings = refusal.standings
        own = [index for index in refusal.refused if not standings[index].limit.provider]
        if not own:
            return refused_by_provider(refusal)
        if not self._downgraded and (way := self._way.instead(replace(refusal, refused=own))) is not None:
            self._turn_to(way)
            return None
        self._tell_limits(refusal)
        error = refused(refusal, own)
        if retries_in_vain(error):
            self._call.response_metadata["x-should-retry"] = "false"  # OpenAI's and Anthropic's SDKs mind it.
        raise error

    def _turn_to(self, way: Way) -> None:
        self._downgraded = True
        self._way = way
        self._targets = iter(way.prices)
        name = way.model.public_name
        assert self._call.exchange is not None
        self._call.exchange.downgraded_to = name
        if name.isascii() and name.isprintable():
            self._call.response_metadata["x-tollway-downgraded-to"] = name

    def _tell_limits(self, answer: Grants | Refusal) -> None:
        if not (limits := headers.told(answer)):
            return
        metadata = self._call.response_metadata
        metadata.update(headers.rate_limit(limits))
        metadata.update(self._request.allowance_headers(headers.allowances(limits, answer.now_ms)))

    # --- While it runs.

    def asks(self, *, on_way: bool) -> None:
        """Whether the request is on its way to the target, or there."""
        failpoint("upstream.asking")
        self._asking = on_way
        if on_way:
            self._asked_before, self._asked = self._asked, self._target
        else:
            self._asked = self._asked_before

    def answers(self) -> None:
        """The target has begun to answer."""
        self._answered = self._target

    def fails(self) -> None:
        """The target has refused the request, or could not be asked."""
        self._asking = False

    def cost(self, usage: Usage) -> int | None:
        """What the present target's answer costs, in nano-units; None where no price is known."""
        assert self._target is not None
        price = self._way.charged(self._target, usage)
        return None if price is None else self._way.entries.cost(price, usage)

    def so_far(self) -> Charge:
        """What is charged if nothing more is heard of the call."""
        target, exchange = self._target, self._call.exchange
        assert target is not None
        assert exchange is not None
        usage = None if exchange.so_far is None else exchange.so_far()
        used = Used(Counts(exchange.input_estimate), estimated=True) if usage is None else Used.of(usage)
        return self._way.entries.charge(target, self._way.charged(target, usage), used, LedgerEntry.LOST)

    # --- On the way out.

    async def settle(self) -> None:
        """Charges what was delivered, the first time that it is called, and returns when it is booked. It will be, also
        where the task is cancelled meanwhile."""
        if (booked := self._settled()) is not None:
            await booked

    async def _settle_at_end(self) -> None:
        try:
            if (booked := self._settled()) is not None:
                await booked
        except asyncio.CancelledError:
            return  # A caller who leaves just then is no defect.

    def _settled(self) -> Awaitable[None] | None:
        exchange = self._call.exchange
        assert exchange is not None
        if self._metering.running.pop(self._call.id, None) is None:
            return None
        booked = self._metering.meter.settle(Settlement(self.tenant, self._call.id, self._charge()))
        exchange.cost, exchange.settle = unknown_cost, unsettled  # They lead back here.
        return booked

    def _charge(self) -> Charge:
        exchange = self._call.exchange
        assert exchange is not None
        target = self._answered or self._asked
        if target is None:
            return NOTHING
        outcome = ending(self._call, self._call.error)
        usage = exchange.usage
        if usage is None and (self._answered or (self._asking and outcome == LedgerEntry.CUT)):
            # What it was asked is used, whoever left first.
            usage = exchange.usage = estimate.usage(exchange, output_tokens=0)
        used = None if usage is None else Used.of(usage)
        price = self._way.charged(target, usage)
        charge = self._way.entries.charge(target, price, used, outcome)
        self._tell_charge(used, None if price is None else charge.cost)
        return charge

    def _tell_charge(self, used: Used | None, cost: int | None) -> None:
        call, exchange = self._call, self._call.exchange
        assert exchange is not None
        exchange.charged = cost
        places = (call.trailers,) if exchange.stream else (call.trailers, call.response_metadata)
        if used is not None:
            line = headers.usage_line(used)
            for place in places:
                place["x-tollway-usage"] = line
        if cost is not None:
            said = decimal(cost)
            for place in places:
                place["x-tollway-cost"] = said
