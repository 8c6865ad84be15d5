"""The Snapshot: the configuration of one version, compiled for the hot path and never changed.

A call pins one for life, so a change in its middle cannot give it half of the old and half of the new.

Of most of its parts there is one for each API key or model, and they stay. The garbage collector does not look at those
(`gc=False`): it need not, as none of them refers back to what holds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from tollwayd.core.metering.policies.policy_set import NO_POLICIES, PolicySet
from tollwayd.core.metering.prices.price import UnknownPrice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tollwayd.core.call import Principal
    from tollwayd.core.dialect import Dialect
    from tollwayd.core.metering.prices.price import Price
    from tollwayd.core.origin import Origin
    from tollwayd.core.timeouts import Timeouts


@dataclass(frozen=True, slots=True, eq=False)
class Provider:
    """A configured AI service, ready to be called. `path` is the base URL's path without its last slash."""

    name: str
    dialect: Dialect
    origin: Origin
    path: str
    timeouts: Timeouts
    credential: str = field(repr=False)


class Target(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A provider's model, with the request heads for it written beforehand: credential, host and path included.

    `price` is None where none is known; `price.at` gives the one in force.
    """

    provider: Provider
    model: str
    weight: int
    priority: int
    unary_head: bytes
    stream_head: bytes
    price: Price | None = None

    def __repr__(self) -> str:
        # The heads hold a credential.
        return f"Target({self.provider.name!r}, {self.model!r})"


class Model(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A public name. `tiers` holds its usable targets by priority, the ones to be tried first in the first tuple."""

    name: str
    public_name: str
    display_name: str
    create_time: int
    tiers: tuple[tuple[Target, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Tenant:
    """An account. `unknown_price` is for targets that have none. `models` maps public names, `public_names` has them
    in their order."""

    name: str
    disabled: bool
    models: Mapping[str, Model]
    public_names: Sequence[str]
    policies: PolicySet = NO_POLICIES
    unknown_price: UnknownPrice = UnknownPrice.DEFAULT


class ApiKey(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A credential. `allowed_models` is None where the key may use all of its tenant's; `groups`, `tier` and `tags`
    (`name=value`, sorted) are for policies and usage."""

    principal: Principal
    disabled: bool
    allowed_models: frozenset[str] | None
    groups: frozenset[str] = frozenset()
    tier: str = ""
    tags: tuple[str, ...] = ()

    def allows(self, public_name: str) -> bool:
        """Whether the key may use the model of this name."""
        return self.allowed_models is None or public_name in self.allowed_models


class Secret(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One secret of an API key: until when (Unix seconds, None without end) it proves the key."""

    api_key: ApiKey
    expire_time: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One version. `secrets` maps the lookup keys of secrets' digests; `problems` says what could not be compiled."""

    version: int
    tenants: Mapping[str, Tenant]
    secrets: Mapping[bytes, Secret] = field(repr=False)
    problems: Mapping[str, str] = field(default_factory=dict)


EMPTY = Snapshot(0, {}, {})
"""The configuration before any."""
