from __future__ import annotations

import pytest

from tests.metered.words import Clock
from tollwayd.core.metering.meters.local import LocalMeter


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meter(clock: Clock) -> LocalMeter:
    return LocalMeter(clock)
