"""The methods of the ports: every servicer, with its chain around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grpc_channelz.v1 import channelz_pb2

from tollway.admin.v1 import (
    api_keys_pb2,
    billing_pb2,
    models_pb2,
    policies_pb2,
    prices_pb2,
    providers_pb2,
    tenants_pb2,
    tiers_pb2,
    usage_pb2,
)
from tollway.proxy.v1 import anthropic_pb2, inference_pb2, openai_pb2
from tollwayd.admin.api_keys import ApiKeyServicer
from tollwayd.admin.billing.service import BillingServicer
from tollwayd.admin.models import ModelServicer
from tollwayd.admin.policies.service import Counted, PolicyServicer
from tollwayd.admin.policies.tiers import TierServicer
from tollwayd.admin.prices import PriceServicer
from tollwayd.admin.providers.probe import ProviderProbe
from tollwayd.admin.providers.rules import ProviderRules
from tollwayd.admin.providers.service import ProviderServicer
from tollwayd.admin.resources.page_token import PageTokens
from tollwayd.admin.tenants import TenantServicer
from tollwayd.admin.usage.service import UsageServicer
from tollwayd.dialects import ANTHROPIC_MESSAGES, DIALECTS, OPENAI_CHAT
from tollwayd.proxy.anthropic import AnthropicServicer
from tollwayd.proxy.inference import InferenceServicer
from tollwayd.proxy.openai import OpenAIServicer
from tollwayd.proxy.raw import RawService
from tollwayd.rpc.channelz import ChannelzServicer
from tollwayd.rpc.registry import Registry
from tollwayd.security import api_keys

if TYPE_CHECKING:
    from tollwayd.core.chain import Chain
    from tollwayd.core.current import Current
    from tollwayd.proxy.engine import Engine
    from tollwayd.security.keyring import Keyring
    from tollwayd.stores import Stores
    from tollwayd.upstream.client import HttpClient


def admin_registry(chain: Chain, stores: Stores, current: Current, keys: Keyring, client: HttpClient) -> Registry:
    """The methods of the admin ports."""
    registry = Registry()
    cursors = PageTokens(keys.derive("page tokens"))
    store = stores.resources
    servicers = {
        tenants_pb2: TenantServicer(store, cursors),
        api_keys_pb2: ApiKeyServicer(store, cursors, keys, api_keys),
        providers_pb2: ProviderServicer(
            store, cursors, ProviderRules(keys, DIALECTS, client.egress), ProviderProbe(client, DIALECTS, keys)
        ),
        models_pb2: ModelServicer(store, cursors),
        prices_pb2: PriceServicer(store, cursors),
        policies_pb2: PolicyServicer(store, cursors, current, Counted(stores.meter, stores.counts, stores.events)),
        tiers_pb2: TierServicer(store, cursors),
        billing_pb2: BillingServicer(store, cursors, stores.invoices, stores.ledger),
        usage_pb2: UsageServicer(store, cursors, stores.ledger, stores.usage),
        channelz_pb2: ChannelzServicer(),
    }
    for module, servicer in servicers.items():
        (service,) = module.DESCRIPTOR.services_by_name.values()
        registry.add(service, servicer, chain)
    return registry


def proxy_registry(chain: Chain, engine: Engine) -> Registry:
    """The methods of the proxy ports."""
    registry = Registry()
    services = openai_pb2.DESCRIPTOR.services_by_name
    registry.add(
        services["OpenAIService"],
        OpenAIServicer(RawService(engine, OPENAI_CHAT)),
        chain,
        error_body=OPENAI_CHAT.error_body,
    )
    services = anthropic_pb2.DESCRIPTOR.services_by_name
    registry.add(
        services["AnthropicService"],
        AnthropicServicer(RawService(engine, ANTHROPIC_MESSAGES)),
        chain,
        error_body=ANTHROPIC_MESSAGES.error_body,
    )
    services = inference_pb2.DESCRIPTOR.services_by_name
    registry.add(services["InferenceService"], InferenceServicer(engine), chain)
    return registry
