"""What policies can know of a call before it runs."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # msgspec asks for it.
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tollwayd.core.call import Call


class Facts(msgspec.Struct, frozen=True, gc=False):
    """`api_key` is the key's id, `method` the full gRPC name without its leading slash, `ip` the peer's address, empty
    where it has none. `headers` are by lower-case names."""

    api_key: str
    model: str
    method: str = ""
    ip: str = ""
    groups: frozenset[str] = frozenset()
    tier: str = ""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def of(cls, call: Call, model: str) -> Facts:
        """Those of a call with an API key for a model by its public name."""
        key = call.api_key
        assert key is not None
        api_key = key.principal.key.rpartition("/")[2]
        return cls(api_key, model, call.method[1:], call.peer, key.groups, key.tier, call.metadata)
