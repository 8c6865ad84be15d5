"""What a call leaves behind whose provider fails."""

from __future__ import annotations

import gc
import json

import pytest
from google.api.httpbody_pb2 import HttpBody

from tollway.proxy.v1.openai_pb2 import CreateChatCompletionRequest
from tollwayd.core.call import Call, Principal
from tollwayd.core.chain import Chain
from tollwayd.core.errors import TollwayError
from tollwayd.core.metering.meters.local import LocalMeter
from tollwayd.core.origin import Origin
from tollwayd.core.snapshot import ApiKey, Model, Provider, Snapshot, Target, Tenant
from tollwayd.core.timeouts import Timeouts
from tollwayd.dialects import OPENAI_CHAT
from tollwayd.mock import MockProvider
from tollwayd.proxy.engine import Engine
from tollwayd.proxy.metering.metering import Metering
from tollwayd.registries import proxy_registry
from tollwayd.upstream.client import HttpClient
from tollwayd.upstream.egress import EgressRules
from tollwayd.upstream.request import request_head

METHOD = "/tollway.proxy.v1.OpenAIService/CreateChatCompletion"
TENANT = "tenants/a"
KEY = ApiKey(Principal("app", TENANT, f"{TENANT}/apiKeys/app"), disabled=False, allowed_models=None)

FAILS = {
    "an error": {"error": "overloaded"},
    "a refusal": {"status": 400, "body": {"error": {"message": "No."}}},
    "no answer": {"fault": {"kind": "close"}},
    "no HTTP": {"fault": {"kind": "garbage"}},
    "a part of an answer": {"text": "Hello.", "fault": {"kind": "reset", "after_bytes": 10}},
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("answer", FAILS.values(), ids=FAILS)
async def test_it_is_freed_without_a_collection(answer, stream):
    """A provider's outage fails call after call, each with a request of megabytes, maybe."""
    client = HttpClient(EgressRules(["127.0.0.0/8"]))
    async with MockProvider({"rules": [{"answer": answer}]}) as provider:
        registry = proxy_registry(Chain(()), Engine(client, Metering(LocalMeter(lambda: 0))))
        snapshot, method = _snapshot(provider), registry.find(METHOD)
        gc.disable()
        others = set(_calls())
        try:
            for _ in range(3):
                await _fail(method, snapshot, stream=stream)
            assert others.issuperset(_calls())
        finally:
            gc.enable()
            await client.close()


async def _fail(method, snapshot: Snapshot, *, stream: bool) -> None:
    call = Call(METHOD, {})
    call.snapshot, call.api_key, call.principal = snapshot, KEY, KEY.principal
    body = json.dumps({"model": "m", "stream": stream, "messages": []}).encode()
    request = CreateChatCompletionRequest(body=HttpBody(content_type="application/json", data=body))
    try:
        async for _ in await method.invoke(request, call):
            pass
        assert call.exchange.broken is not None
    except TollwayError:
        return


def _snapshot(provider: MockProvider) -> Snapshot:
    origin = Origin("http", provider.host, provider.port)
    head = request_head("POST", origin, "/v1/chat/completions", (("content-type", "application/json"),))
    service = Provider("p", OPENAI_CHAT, origin, "/v1", Timeouts(), "")
    model = Model("m", "m", "", 0, ((Target(service, "m", 1, 0, head, head),),))
    return Snapshot(1, {TENANT: Tenant(TENANT, disabled=False, models={"m": model}, public_names=["m"])}, {})


def _calls() -> list[Call]:
    return [each for each in gc.get_objects() if isinstance(each, Call)]
