"""`tollway demo`: the gateway with a scripted provider, a tenant that uses it, and lines to paste.

Everything is set up as an operator would do it, through the Admin API.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

from tollway.admin.v1 import (
    api_keys_pb2,
    api_keys_pb2_grpc,
    models_pb2,
    models_pb2_grpc,
    prices_pb2,
    prices_pb2_grpc,
    providers_pb2,
    providers_pb2_grpc,
    tenants_pb2,
    tenants_pb2_grpc,
)
from tollwayd import listeners
from tollwayd.mock import MockProvider
from tollwayd.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tollwayd.app import App, OnReady

TENANT = "tenants/demo"
KEY_FILE = "demo.key"

_PROVIDERS = {"openai-mock": ("openai.chat", "/v1"), "anthropic-mock": ("anthropic.messages", "")}
_MODELS = {"gpt-demo": "openai-mock", "claude-demo": "anthropic-mock"}
_RATES = prices_pb2.Price.Rates(input={"currency_code": "USD", "units": 2}, output={"currency_code": "USD", "units": 8})


class Demo:
    """Runs an App with all that the demo adds."""

    def __init__(self, app: App) -> None:
        self._app = app

    @staticmethod
    def settings() -> Settings:
        """The settings in force, with loopback open for the scripted provider unless they say otherwise."""
        settings = load_settings()
        return settings if settings.egress_allow else load_settings(egress_allow="127.0.0.0/8")

    async def run(self, announce: OnReady) -> None:
        """Serves until the app is stopped."""
        async with MockProvider() as provider:

            async def on_ready(app: App) -> None:
                secret = await self._set_up(provider.url)
                await announce(app)
                self._print(secret)

            await self._app.run(on_ready)

    async def _set_up(self, provider_url: str) -> str:
        address = listeners.as_text(self._app.addresses)["admin_grpc"]
        async with grpc.aio.insecure_channel(address) as channel:
            tenant = _Tenant(channel, self._app.admin_key)
            await tenant.ensure(provider_url)
            return await tenant.ensure_key(self._app.settings.data_dir / KEY_FILE)

    def _print(self, secret: str) -> None:
        addresses = listeners.as_text(self._app.addresses)
        lines = pasted_lines(addresses["proxy_http"], addresses["proxy_grpc"], secret)
        print("\n" + "\n\n".join(f"# {title}\n{line}" for title, line in lines.items()) + "\n", flush=True)


class _Tenant:
    """The demo's tenant, through the Admin API. Every step leaves what a run before has made."""

    def __init__(self, channel: grpc.aio.Channel, admin_key: str) -> None:
        self._metadata = (("authorization", f"Bearer {admin_key}"),)
        self._tenants = tenants_pb2_grpc.TenantServiceStub(channel)
        self._providers = providers_pb2_grpc.ProviderServiceStub(channel)
        self._models = models_pb2_grpc.ModelServiceStub(channel)
        self._prices = prices_pb2_grpc.PriceServiceStub(channel)
        self._keys = api_keys_pb2_grpc.ApiKeyServiceStub(channel)

    async def ensure(self, provider_url: str) -> None:
        """The tenant, its providers at the scripted provider's present port, its models and their price. What is there
        is looked up first: a call that is refused stands in the log as a failure."""
        if TENANT not in await self._names(self._tenants.ListTenants, tenants_pb2.ListTenantsRequest(), "tenants"):
            tenant = tenants_pb2.Tenant(display_name="Demo")
            await self._call(
                self._tenants.CreateTenant, tenants_pb2.CreateTenantRequest(tenant_id="demo", tenant=tenant)
            )
        await self._ensure_providers(provider_url)
        await self._ensure_models()
        await self._ensure_price()

    async def ensure_key(self, path: Path) -> str:
        """The API key's secret, kept in the data folder because the gateway itself could not tell it again."""
        name = f"{TENANT}/apiKeys/demo"
        if (kept := _kept(path)) is not None:
            return kept
        try:
            request = api_keys_pb2.CreateApiKeyRequest(
                parent=TENANT, api_key_id="demo", api_key=api_keys_pb2.ApiKey(display_name="Demo")
            )
            key = await self._keys.CreateApiKey(request, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            _unless(error, grpc.StatusCode.ALREADY_EXISTS)
            rotation = api_keys_pb2.RotateApiKeyRequest(name=name)
            key = await self._keys.RotateApiKey(rotation, metadata=self._metadata)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(key.secret)
        return str(key.secret)

    async def _ensure_providers(self, provider_url: str) -> None:
        there = await self._names(
            self._providers.ListProviders, providers_pb2.ListProvidersRequest(parent=TENANT), "providers"
        )
        credential = providers_pb2.ProviderCredential(api_key="sk-scripted-provider")
        for provider_id, (dialect, path) in _PROVIDERS.items():
            name = f"{TENANT}/providers/{provider_id}"
            provider = providers_pb2.Provider(dialect=dialect, base_url=provider_url + path, credential=credential)
            if name in there:
                provider.name = name
                await self._call(self._providers.UpdateProvider, providers_pb2.UpdateProviderRequest(provider=provider))
            else:
                request = providers_pb2.CreateProviderRequest(parent=TENANT, provider_id=provider_id, provider=provider)
                await self._call(self._providers.CreateProvider, request)

    async def _ensure_models(self) -> None:
        there = await self._names(self._models.ListModels, models_pb2.ListModelsRequest(parent=TENANT), "models")
        for public_name, provider in _MODELS.items():
            if f"{TENANT}/models/{public_name}" not in there:
                target = models_pb2.Target(provider=provider, model=public_name)
                model = models_pb2.Model(public_name=public_name, targets=[target])
                request = models_pb2.CreateModelRequest(parent=TENANT, model_id=public_name, model=model)
                await self._call(self._models.CreateModel, request)

    async def _ensure_price(self) -> None:
        """No list has a price of scripted models, and the demo is to show what calls cost."""
        there = await self._names(self._prices.ListPrices, prices_pb2.ListPricesRequest(parent=TENANT), "prices")
        if f"{TENANT}/prices/demo" not in there:
            price = prices_pb2.Price(model="*", rates=_RATES)
            request = prices_pb2.CreatePriceRequest(parent=TENANT, price_id="demo", price=price)
            await self._call(self._prices.CreatePrice, request)

    async def _names(self, list_page: Callable[..., Awaitable[Any]], request: Any, field: str) -> set[str]:
        """The names of what a List method lists in the field of its response, all pages of it."""
        names: set[str] = set()
        while True:
            page = await self._call(list_page, request)
            names.update(each.name for each in getattr(page, field))
            if not page.next_page_token:
                return names
            request.page_token = page.next_page_token

    async def _call(self, method: Callable[..., Awaitable[Any]], request: object) -> Any:
        return await method(request, metadata=self._metadata)


def _kept(path: Path) -> str | None:
    return path.read_text().strip() if path.is_file() else None


def _unless(error: grpc.aio.AioRpcError, expected: grpc.StatusCode) -> None:
    if error.code() != expected:
        raise error


def pasted_lines(proxy_http: str, proxy_grpc: str, secret: str) -> Mapping[str, str]:
    """A line each for curl, the OpenAI SDK and grpcurl, to be pasted into a shell as they are."""
    url = f"http://{proxy_http}/v1"
    body = '{"model":"gpt-demo","messages":[{"role":"user","content":"Hello!"}]}'
    typed = '{"model":"claude-demo","messages":[{"role":"ROLE_USER","parts":[{"text":{"text":"Hello!"}}]}]}'
    # In double quotes, which read better than quoted single ones. A shell at a terminal would take "!" for a command of
    # its history there, so the greeting has none.
    program = (
        f"from openai import OpenAI; client = OpenAI(base_url='{url}', api_key='{secret}'); "
        "print(client.chat.completions.create(model='claude-demo', "
        "messages=[{'role': 'user', 'content': 'Hello.'}]).choices[0].message.content)"
    )
    return {
        "curl": f"curl -s {url}/chat/completions -H 'Authorization: Bearer {secret}' "
        f"-H 'Content-Type: application/json' -d '{body}'",
        "the OpenAI SDK": f'{shlex.quote(sys.executable)} -c "{program}"',
        "grpcurl": f"{_grpcurl()} -plaintext -H 'Authorization: Bearer {secret}' -d '{typed}' "
        f"{proxy_grpc} tollway.proxy.v1.InferenceService/StreamGenerate",
    }


def _grpcurl() -> str:
    """The one beside this Python, where it was installed with it."""
    beside = shutil.which("grpcurl", path=str(Path(sys.executable).parent))
    return shlex.quote(beside) if beside else "grpcurl"
