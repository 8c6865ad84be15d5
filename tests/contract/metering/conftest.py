from __future__ import annotations

from tests.metering_redis import clock, meter

__all__ = ["clock", "meter"]
