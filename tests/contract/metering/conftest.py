from __future__ import annotations

import pytest

from tests.metering import TENANT
from tests.metering_redis import clock, meter
from tollwayd.state.metering import keys

__all__ = ["clock", "meter"]


@pytest.fixture
def redis_home() -> str:
    return keys.ledger(TENANT)
