"""The scripts of metering. Each reads the keys in the order of `all_keys`."""

from __future__ import annotations

from typing import Final

from tollwayd.state.metering import keys
from tollwayd.state.script import Script

_SHARED: Final = ("metering/prelude.lua", "metering/counts.lua", "metering/booking.lua")

RESERVE: Final = Script(*_SHARED, "metering/reserve.lua")
SETTLE: Final = Script(*_SHARED, "metering/settle.lua")
CHECKPOINT: Final = Script(*_SHARED, "metering/checkpoint.lua")
REAP: Final = Script(*_SHARED, "metering/reap.lua")


def all_keys(tenant: str, day: int) -> tuple[str, ...]:
    """Every key that a script may touch, as metering/prelude.lua names them."""
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
