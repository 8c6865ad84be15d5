"""The API keys of all tenants, compiled one by one into the index of secrets."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from tollway.config.v1.records_pb2 import ApiKeyRecord
from tollwayd.core.call import Principal
from tollwayd.core.resource_names import tenant_of
from tollwayd.core.sharded import Draft
from tollwayd.core.snapshot import ApiKey, Secret

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from tollway.admin.v1.api_keys_pb2 import ApiKey as ApiKeyMessage
    from tollwayd.core.ports import Keys
    from tollwayd.core.sharded import Sharded

# One for all of them: there may be 100,000 keys.
_ROLES: Final = frozenset({"caller"})
_NO_GROUPS: Final[frozenset[str]] = frozenset()


class KeyPieces:
    """API keys by their names, and what secrets prove them."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._secrets: Draft[bytes, Secret] = Draft()
        self._lookup_keys: dict[str, tuple[bytes, ...]] = {}

    def take(self, name: str, record: bytes | None) -> None:
        """Compiles a key anew, None to forget it. DecodeError and the like where the record cannot be used; the key
        is then forgotten."""
        for lookup_key in self._lookup_keys.pop(name, ()):
            self._secrets.drop(lookup_key)
        if record is not None:
            self._lookup_keys[name] = self._index(name, ApiKeyRecord.FromString(record))

    def secrets(self) -> Sharded[bytes, Secret]:
        """The index as it is now."""
        return self._secrets.made()

    def _index(self, name: str, record: ApiKeyRecord) -> tuple[bytes, ...]:
        api_key = _compile(name, record.api_key)
        end = _unix(record.api_key.expire_time) if record.api_key.HasField("expire_time") else None
        lookup_keys = []
        for digest in record.digests:
            own_end = _unix(digest.expire_time) if digest.HasField("expire_time") else None
            lookup_keys.append(lookup_key := self._keys.lookup_key(digest))
            self._secrets.put(lookup_key, Secret(api_key, _earlier(end, own_end)))
        return tuple(lookup_keys)


def _compile(name: str, message: ApiKeyMessage) -> ApiKey:
    principal = Principal(name, tenant=sys.intern(tenant_of(name)), key=name, roles=_ROLES)
    allowed = frozenset(message.allowed_models) if message.allowed_models else None
    groups = frozenset(message.groups) if message.groups else _NO_GROUPS
    tags = tuple(sorted(f"{tag}={value}" for tag, value in message.tags.items())) if message.tags else ()
    return ApiKey(principal, message.disabled, allowed, groups, message.tier, tags)


def _unix(time: Timestamp) -> float:
    return time.seconds + time.nanos / 1e9


def _earlier(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)
