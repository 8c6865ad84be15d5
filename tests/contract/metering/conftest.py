from __future__ import annotations

import pytest

from tests.metered.over_redis import clock, meter
from tests.metered.words import TENANT
from tollwayd.state.metering import keys

__all__ = ["clock", "meter"]


@pytest.fixture
def redis_home() -> str:
    return keys.ledger(TENANT)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other things does not make the store seem away; that is for tests/faults."""
    monkeypatch.setattr("tollwayd.state.metering.link.PATIENCE_SECONDS", 10)
