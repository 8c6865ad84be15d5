"""A chat completion as metering sees it, from its request to its usage, without the doors, the chain and a provider."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from google.protobuf import json_format

from tollway.admin.v1.policies_pb2 import Policy
from tollway.proxy.v1.inference_pb2 import Usage
from tollwayd import prices
from tollwayd.core.call import Call, Exchange, Principal
from tollwayd.core.metering.policies.compiling import compile_policy
from tollwayd.core.metering.policies.policy_set import NO_POLICIES, PolicySet
from tollwayd.core.metering.prices.price_list import PriceList
from tollwayd.core.origin import Origin
from tollwayd.core.snapshot import ApiKey, Model, Provider, Snapshot, Target, Tenant
from tollwayd.core.timeouts import Timeouts
from tollwayd.dialects import OPENAI_CHAT
from tollwayd.proxy.raw import RawRequest

if TYPE_CHECKING:
    from tollwayd.proxy.metering.metering import Metering

METHOD = "/tollway.proxy.v1.OpenAIService/CreateChatCompletion"
HEADERS = {"x-tollway-user": "bob"}
TENANT = "tenants/acme"
USAGE = Usage(input_tokens=80, output_tokens=20)
BODY = json.dumps(
    {"model": "gpt", "messages": [{"role": "user", "content": "Where do all roads lead? " * 30}], "max_tokens": 256}
).encode()


class Caller:
    """Calls of a tenant's key, with these policies about them."""

    def __init__(self, policies: tuple[dict, ...]) -> None:
        rules = [_rule(f"p{number}", policy) for number, policy in enumerate(policies)]
        provider = Provider(f"{TENANT}/providers/openai", OPENAI_CHAT, Origin("http", "openai", 80), "", Timeouts(), "")
        price = PriceList(prices.read()).find("openai", "gpt-4.1")
        self._target = Target(provider, "gpt-4.1", 1, 0, b"", b"", price)
        self._model = Model(f"{TENANT}/models/gpt", "gpt", "", 0, ((self._target,),))
        policy_set = PolicySet(rules) if rules else NO_POLICIES
        tenant = Tenant(TENANT, disabled=False, models={"gpt": self._model}, public_names=("gpt",), policies=policy_set)
        self._snapshot = Snapshot(1, {TENANT: tenant}, {})
        key = f"{TENANT}/apiKeys/app"
        self._key = ApiKey(Principal(key, TENANT, key), disabled=False, allowed_models=None, tags=("team=search",))

    async def metered(self, metering: Metering) -> None:
        """A call that is let through and settled; the provider answers at once."""
        call, request = self._call()
        ticket = metering.ticket(call, self._model, request)
        target = ticket.next_target()
        assert target is not None
        assert isinstance(await ticket.admit(target, request.body_for(target)), bytes)
        ticket.asks(on_way=True)
        ticket.answers()
        _answered(call)
        while call.closers:
            await call.closers.pop()()
        assert call.exchange.charged

    async def plain(self) -> None:
        """The same call without metering."""
        call, request = self._call()
        request.body_for(self._target)
        _answered(call)

    def _call(self) -> tuple[Call, RawRequest]:
        call = Call(METHOD, HEADERS)
        call.principal, call.api_key, call.snapshot = self._key.principal, self._key, self._snapshot
        call.exchange = Exchange("gpt")
        return call, RawRequest(call, OPENAI_CHAT, OPENAI_CHAT.peek(BODY), b"")


def _answered(call: Call) -> None:
    call.exchange.usage, call.exchange.complete = USAGE, True


def _rule(rule_id: str, policy: dict):
    message = json_format.ParseDict({"name": f"{TENANT}/policies/{rule_id}", **policy}, Policy())
    return compile_policy(rule_id, message.subject, message)
