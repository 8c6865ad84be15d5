"""The leases of running calls are kept, whatever is wrong with one of them."""

from __future__ import annotations

from types import SimpleNamespace

from tests.metered.words import TENANT, Clock, charge, reservation
from tollwayd.core.metering.meters.local import LocalMeter
from tollwayd.proxy.metering.metering import Metering

LEASE_MS = 15_000


class Running(SimpleNamespace):
    """A call as far as leases go."""

    tenant = TENANT

    def so_far(self):
        if self.broken:
            raise ValueError("nobody expects this")
        return charge(7)


async def test_a_call_whose_charge_cannot_be_told_does_not_end_the_leases_of_others(caplog):
    booked, clock = [], Clock()
    meter = LocalMeter(clock, lease_ms=LEASE_MS, book=lambda _, call, *_charges: booked.append(call))
    metering = Metering(meter)
    for call, broken in (("broken", True), ("whole", False)):
        await meter.reserve(reservation(call))
        metering.running[call] = Running(broken=broken)
    for _ in range(3):
        clock.now_ms += LEASE_MS // 2
        await metering.checkpoint()
    meter.expire(clock())

    assert booked == ["broken"]
    assert "nobody expects this" in caplog.text
