"""Every Redis key of one tenant's metering, in one place.

They share the hash tag `{tenants/acme}`: on a cluster they lie in one slot. There are few of them and their names do
not depend on what is counted, so that every script declares all that it touches: while a slot moves between two servers
of a cluster, a script that touched an undeclared key could be stopped in its middle.
"""

from __future__ import annotations

from typing import Final

HOURS_A_DAY: Final = 24
MS_A_DAY: Final = 24 * 3_600_000

METRICS: Final = (
    "calls",
    "failed",
    "input",
    "cache_read",
    "cache_write",
    "cache_write_hour",
    "output",
    "reasoning",
    "cost",
    "unpriced",
)
"""What is summed up of usage, by the names that the fields of a usage hash end with."""


def limits(tenant: str) -> str:
    """A hash: the field of a count → what is taken of it, and whatever else its algorithm keeps."""
    return f"tollway:{{{tenant}}}:limits"


def holds(tenant: str) -> str:
    """A hash: a running call's id → what it has reserved, and its charge if nothing more is heard of it."""
    return f"tollway:{{{tenant}}}:holds"


def leases(tenant: str) -> str:
    """A sorted set: the ids in `holds`, by the Unix milliseconds at which they count as lost."""
    return f"tollway:{{{tenant}}}:leases"


def ends(tenant: str) -> str:
    """A sorted set: what is kept for a time only, by the Unix milliseconds at which it can be forgotten."""
    return f"tollway:{{{tenant}}}:ends"


def booked(tenant: str) -> str:
    """A hash: the ids of calls that were booked without a hold, as lost, or when asked again → what was booked; for
    days."""
    return f"tollway:{{{tenant}}}:booked"


def ledger(tenant: str) -> str:
    """A stream: the ledger. The field `e` of an entry is a `LedgerEntry` without what the entry's id says."""
    return f"tollway:{{{tenant}}}:ledger"


def events(tenant: str) -> str:
    """A stream: thresholds that were crossed, limited in length."""
    return f"tollway:{{{tenant}}}:events"


def usage(tenant: str, day: int) -> str:
    """A hash: the usage booked in one day (UTC, counted from the Unix epoch).

    A field is the hour, the dimensions and the metric, with U+001F between: hour, API key, user, model, provider,
    upstream model, tags (joined by commas), metric. Beside them, the hour and `places`: how many combinations it has.
    """
    return f"tollway:{{{tenant}}}:usage:{day}"
