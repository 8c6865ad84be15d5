"""Configuration by the hundred thousand, written as the store writes it but many resources at a time.

What it makes can be worked out again from numbers alone: `secret(7)` opens `k-7`, which policy `p-7` counts where there
are so many, and which may use every model of its tenant, `m-0` and on.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from tollway.admin.v1.models_pb2 import Model, Target
from tollway.admin.v1.policies_pb2 import Policy, RateLimit, Subject
from tollway.admin.v1.providers_pb2 import Provider
from tollway.admin.v1.tenants_pb2 import Tenant
from tollway.config.v1.records_pb2 import ApiKeyRecord, ProviderRecord
from tollwayd.state import keys as redis_keys
from tollwayd.state.connection import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis.asyncio import Redis

    from tollwayd.security.keyring import Keyring

BATCH = 1000
"""Resources that go to Redis together."""

NEVER_REACHED = 10**12
"""What the policies let through a minute."""


class Made(NamedTuple):
    """A resource to be stored; `claim` as the Admin API gives it to the store."""

    name: str
    record: bytes
    claim: str = ""


def secret(number: int) -> str:
    """The secret of the key of this number, in the form of the gateway's own."""
    return f"tw_{number:043d}"


async def populate(
    redis_url: str,
    keyring: Keyring,
    *,
    keys: int = 0,
    models: int = 0,
    policies: int = 0,
    provider_url: str = "http://127.0.0.1:1/v1",
    tenant: str = "big",
) -> None:
    """Adds a tenant with an OpenAI provider `p`, and so many of each. Gateways that run already load it all again."""
    client = connect(redis_url)
    try:
        made = _resources(f"tenants/{tenant}", keyring, keys, models, policies, provider_url)
        while batch := list(islice(made, BATCH)):
            await _store(client, batch)
    finally:
        await client.aclose()


def _resources(
    tenant: str, keyring: Keyring, keys: int, models: int, policies: int, provider_url: str
) -> Iterator[Made]:
    yield Made(tenant, Tenant(name=tenant, display_name="Populated").SerializeToString())
    yield _provider(tenant, provider_url)
    for number in range(models):
        yield _model(tenant, number)
    for number in range(policies):
        yield _policy(tenant, number)
    for number in range(keys):
        yield _key(tenant, number, keyring)


def _provider(tenant: str, base_url: str) -> Made:
    provider = Provider(name=f"{tenant}/providers/p", dialect="openai.chat", base_url=base_url)
    return Made(provider.name, ProviderRecord(provider=provider).SerializeToString())


def _model(tenant: str, number: int) -> Made:
    targets = [Target(provider="p", model=f"gpt-4o-{number}")]
    model = Model(name=f"{tenant}/models/m-{number}", public_name=f"m-{number}", targets=targets)
    return Made(model.name, model.SerializeToString(), claim=model.public_name)


def _policy(tenant: str, number: int) -> Made:
    limit = RateLimit(unit=Policy.REQUESTS, limit=NEVER_REACHED)
    limit.window.seconds = 60
    subject = Subject(api_key=f"k-{number}")
    policy = Policy(name=f"{tenant}/policies/p-{number}", subject=subject, rate_limit=limit)
    return Made(policy.name, policy.SerializeToString())


def _key(tenant: str, number: int, keyring: Keyring) -> Made:
    record = ApiKeyRecord(digests=[keyring.digest(secret(number))])
    record.api_key.name = f"{tenant}/apiKeys/k-{number}"
    record.api_key.prefix = secret(number)[:7]
    record.api_key.last_four = secret(number)[-4:]
    return Made(record.api_key.name, record.SerializeToString())


async def _store(client: Redis, batch: list[Made]) -> None:
    last = await client.hincrby(redis_keys.HEAD, "version", len(batch))
    async with client.pipeline(transaction=True) as pipe:
        # No entries of the change log: whoever follows it notices that, and loads.
        pipe.hset(redis_keys.HEAD, "write", os.urandom(16).hex())
        for version, made in enumerate(batch, last - len(batch) + 1):
            parent, _, kind = made.name.rpartition("/")[0].rpartition("/")
            pipe.hset(redis_keys.RESOURCES, made.name, b"%d %s" % (version, made.record))
            pipe.zadd(redis_keys.CHILDREN if parent else redis_keys.ROOTS, {made.name: 0})
            if fields := redis_keys.claim_fields(f"{parent}/{kind}" if parent else kind, made.claim):
                pipe.hset(redis_keys.CLAIMS, fields, made.name)
                pipe.hset(redis_keys.CLAIMED, made.name, fields)
        await pipe.execute()
