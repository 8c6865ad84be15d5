"""What is stored under master keys that the keyring does not hold, and so cannot be used by this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from google.protobuf.message import DecodeError

from tollway.config.v1.records_pb2 import ApiKeyRecord, ProviderRecord

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tollwayd.core.paced import Steps
    from tollwayd.core.ports import Resource

__all__ = ["Missing", "missing_keys"]


class Missing(NamedTuple):
    """How many API keys and providers are useless, and the ids of the master keys that they are under."""

    api_keys: int
    providers: int
    key_ids: list[str]


def missing_keys(resources: Iterable[Resource], held: Collection[str]) -> Steps[Missing]:
    """What of the stored resources the keyring with these key ids is no good for."""
    counts = {"apiKeys": 0, "providers": 0}
    missing: set[str] = set()
    for resource in resources:
        yield
        kind = resource.name.rsplit("/", 2)[-2]
        try:
            needed = _needed(kind, resource.record)
        except DecodeError:
            continue  # The compiler says of it what there is to say.
        # An API key in rotation has two secrets; while one is known, it can be used.
        if needed and needed.isdisjoint(held):
            counts[kind] += 1
            missing |= needed
    return Missing(counts["apiKeys"], counts["providers"], sorted(missing))


def _needed(kind: str, record: bytes) -> set[str]:
    if kind == "apiKeys":
        return {digest.key_id for digest in ApiKeyRecord.FromString(record).digests}
    if kind == "providers":
        provider = ProviderRecord.FromString(record)
        return {provider.api_key.key_id} if provider.HasField("api_key") else set()
    return set()
