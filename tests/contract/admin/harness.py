"""The Admin API without its doors: the servicers behind the registry and the chain that really run, over any store."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.metered.words import Clock
from tests.stepped import whole
from tollway.admin.v1 import api_keys_pb2, models_pb2, policies_pb2, prices_pb2, providers_pb2, tenants_pb2, tiers_pb2
from tollwayd import prices
from tollwayd.admin.api_keys import ApiKeyServicer
from tollwayd.admin.models import ModelServicer
from tollwayd.admin.policies.service import Counted, PolicyServicer
from tollwayd.admin.policies.tiers import TierServicer
from tollwayd.admin.prices import PriceServicer
from tollwayd.admin.providers.probe import ProviderProbe
from tollwayd.admin.providers.rules import ProviderRules
from tollwayd.admin.providers.service import ProviderServicer
from tollwayd.admin.resources.page_token import PageTokens
from tollwayd.admin.tenants import TenantServicer
from tollwayd.core.call import Call
from tollwayd.core.chain import Chain
from tollwayd.core.current import Current
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.meters.local import LocalMeter
from tollwayd.core.metering.prices.price_list import PriceList
from tollwayd.dialects.anthropic_messages.dialect import AnthropicMessages
from tollwayd.dialects.openai_chat.dialect import OpenAIChat
from tollwayd.plugins.validate import Validate
from tollwayd.proxy.compiler import Compiler
from tollwayd.rpc.registry import Registry
from tollwayd.security import api_keys
from tollwayd.upstream.client import HttpClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from google.protobuf.message import Message

    from tollwayd.core.ports import ResourceStore
    from tollwayd.rpc.registry import Method
    from tollwayd.security.keyring import Keyring
    from tollwayd.upstream.egress import EgressRules

LOOPBACK = ("127.0.0.0/8",)
DIALECTS = {dialect.name: dialect for dialect in (OpenAIChat(), AnthropicMessages())}


class Admin:
    """`await admin(request)` calls the method that takes such a request."""

    def __init__(self, store: ResourceStore, keyring: Keyring, egress: EgressRules) -> None:
        self.store = store
        self.keyring = keyring
        self.client = HttpClient(egress)
        self.registry = Registry()
        self.tokens = tokens = PageTokens(keyring.derive("page tokens"))
        self.current = Current()
        self.clock = Clock()
        self.meter = LocalMeter(self.clock)
        counted = Counted(self.meter, MemoryCountNames(self.meter), NoPolicyEvents())
        rules = ProviderRules(keyring, DIALECTS, egress)
        probe = ProviderProbe(self.client, DIALECTS, keyring)
        self._methods: dict[type[Message], Method] = {}
        for module, servicer in (
            (tenants_pb2, TenantServicer(store, tokens)),
            (api_keys_pb2, ApiKeyServicer(store, tokens, keyring, api_keys)),
            (providers_pb2, ProviderServicer(store, tokens, rules, probe)),
            (models_pb2, ModelServicer(store, tokens)),
            (prices_pb2, PriceServicer(store, tokens)),
            (policies_pb2, PolicyServicer(store, tokens, self.current, counted)),
            (tiers_pb2, TierServicer(store, tokens)),
        ):
            self.serve(module, servicer)

    def serve(self, module: Any, servicer: object) -> None:
        """Adds the one service of a module."""
        (service,) = module.DESCRIPTOR.services_by_name.values()
        self.registry.add(service, servicer, Chain([Validate()]))
        self._methods = {method.request_class: method for method in self.registry}

    async def __call__(self, request: Message) -> Any:
        method = self._methods[type(request)]
        return await method.invoke(request, Call(method.name, {}))

    async def refusal(self, request: Message) -> TollwayError:
        """The error that the request is refused with."""
        with pytest.raises(TollwayError) as caught:
            await self(request)
        return caught.value

    async def reason(self, request: Message) -> str:
        """The error's reason, without its prefix."""
        return Reason.Name((await self.refusal(request)).reason).removeprefix("REASON_")

    async def apply(self) -> None:
        """Has the process serve by what is stored."""
        compiler = Compiler(DIALECTS, self.keyring, PriceList(prices.read()))
        self.current.swap(whole(compiler.compile(*await self.store.load())))

    async def stored(self) -> bytes:
        """Everything that the store holds, as bytes in a row."""
        return b"".join(resource.record for resource in (await self.store.load())[1])


class NoPolicyEvents:
    """No events, ever."""

    async def follow(self, tenant: str, *, after: str = "") -> AsyncIterator[Any]:
        return
        yield


class MemoryCountNames:
    """A CountNames over the meter in memory."""

    def __init__(self, meter: LocalMeter) -> None:
        self._meter = meter

    async def beginning(self, tenant: str, prefix: str, most: int) -> tuple[list[str], bool]:
        found = {key[1] for key in self._meter._counts if key[0] == tenant and key[1].startswith(prefix)}
        return [*found][:most], len(found) <= most


class Vendor:
    """A scripted provider: it keeps what it is sent, and answers every request with `answer`."""

    def __init__(self) -> None:
        self.answer = b""
        self.requests: list[bytes] = []
        self.base_url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        if self.answer:
            writer.write(self.answer)
        else:
            await reader.read()  # Until the gateway has had enough.
        writer.close()

    def answers(self, status: str, body: bytes, *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
        self.answer = "\r\n".join(lines).encode() + body


@asynccontextmanager
async def vendor() -> AsyncIterator[Vendor]:
    """A running vendor."""
    scripted = Vendor()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    async with server:
        scripted.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        yield scripted


class Meddled:
    """A store in which, just before an update, somebody else's write comes first: `await meddle()`."""

    def __init__(self, store: ResourceStore) -> None:
        self._store = store
        self.meddle: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def update(self, *arguments: Any, **keywords: Any) -> Any:
        if self.meddle is not None:
            await self.meddle()
        return await self._store.update(*arguments, **keywords)
