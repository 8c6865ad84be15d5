"""The table of reasons: complete, and what AIP-193 asks for."""

from __future__ import annotations

import pytest

from tollway.error.v1.reason_pb2 import Reason
from tollwayd.core.errors import RULES

REASONS = [value for value in Reason.DESCRIPTOR.values if value.number]


@pytest.mark.parametrize("value", REASONS, ids=lambda value: value.name)
def test_every_reason_has_a_code_a_status_and_a_text(value):
    rule = RULES[value.number]
    assert 1 <= rule.code <= 16
    assert 400 <= rule.http_status <= 504
    assert rule.text.endswith(".")
    assert rule.name == value.name.removeprefix("REASON_")
