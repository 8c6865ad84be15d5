"""The script of metering, and the keys that it touches."""

from __future__ import annotations

from typing import Final

from tollwayd.state.metering import keys
from tollwayd.state.script import Script

_COUNTING: Final = ("counting", "counts", "judging")
_PARTS: Final = ("prelude", "kept", _COUNTING, "booking", "reserve", "settle", "checkpoint", "reap", "run")

METERING: Final = Script(*_PARTS, folder="metering", nested=True)
"""Runs commands of one tenant, many at once: what it takes to begin and to end is then shared by all of them."""


def all_keys(tenant: str, day: int) -> tuple[str, ...]:
    """Every key that it may touch, as metering/prelude.lua names them."""
    return (
        keys.limits(tenant),
        keys.holds(tenant),
        keys.leases(tenant),
        keys.ends(tenant),
        keys.booked(tenant),
        keys.ledger(tenant),
        keys.events(tenant),
        keys.usage(tenant, day),
    )
