"""Every Redis key of the configuration, in one place.

They share the hash tag `{config}`: on a cluster they lie in one slot, and one script may use them all (Redis cluster
specification, "Hash tags").
"""

from __future__ import annotations

_SPACE = "tollway:{config}:"

RESOURCES = _SPACE + "resources"
"""A hash: a resource's full name → its version in decimal, a space, its record's bytes."""

ROOTS = _SPACE + "roots"
"""A sorted set, all scores zero: the names of the resources without a parent, for listing in their order."""

CHILDREN = _SPACE + "children"
"""The same for resources with a parent. One set for all kinds: a parent's children are one range of it."""

CLAIMS = _SPACE + "claims"
"""A hash: a claim's field (see `claim_fields`) → the name of the resource that holds it."""

CLAIMED = _SPACE + "claimed"
"""A hash: a resource's name → the fields of the claims that it holds, with NUL between; absent where it holds none."""

HEAD = _SPACE + "head"
"""A hash: `version`, the last committed one, and `write`, the id of the write that made it."""

CHANGES = _SPACE + "changes"
"""A stream, the change log. An entry's id is `version-0`; its fields are `write`, `previous` (the id of the write
before it), `name`, and `record` where the resource was not deleted."""

REPLICAS = _SPACE + "replicas"
"""A sorted set: the names of the replicas that serve, by the Unix milliseconds at which each was last heard."""

WRITE_KEYS = (RESOURCES, ROOTS, CHILDREN, CLAIMS, CLAIMED, HEAD, CHANGES)
"""The keys that scripts/prelude.lua names, in its order; the last it names is the write's own `done` key."""


def done(write: str) -> str:
    """A string that stands for a while after the write of that id: the version it made."""
    return f"{_SPACE}done:{write}"


def claim_fields(collection: str, claim: str) -> str:
    """The fields of claims, a line each, in their collection, such as `tenants/acme/models`; empty for no claim."""
    return "\0".join(f"{collection}\n{value}" for value in claim.split("\n") if value)
