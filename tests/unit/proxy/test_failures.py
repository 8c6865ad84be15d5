from __future__ import annotations

import pytest

from tollwayd.core.call import Exchange
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.proxy.failures import Failures

UNSUPPORTED = TollwayError(Reason.REASON_FEATURE_UNSUPPORTED)
INVALID = TollwayError(Reason.REASON_FIELD_INVALID)
FAILED = TollwayError(Reason.REASON_UPSTREAM_FAILED)
UNREACHABLE = TollwayError(Reason.REASON_UPSTREAM_UNREACHABLE)
OVERLOADED = TollwayError(Reason.REASON_UPSTREAM_OVERLOADED)
LIMITED = TollwayError(Reason.REASON_UPSTREAM_RATE_LIMITED, retry_after=7)
REJECTED = TollwayError(Reason.REASON_UPSTREAM_REJECTED)


def after(*errors):
    failures = Failures(Exchange("fast", provider="p"))
    for error in errors:
        assert not failures.final
        (failures.unasked if error in {UNSUPPORTED, INVALID} else failures.asked)(error)
    return failures


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ((FAILED, UNREACHABLE), UNREACHABLE),
        ((LIMITED, UNSUPPORTED), LIMITED),
        ((FAILED, UNSUPPORTED), FAILED),
        ((UNSUPPORTED, FAILED), FAILED),
        ((LIMITED, UNREACHABLE), LIMITED),
        ((LIMITED, OVERLOADED), LIMITED),
        ((OVERLOADED, FAILED), OVERLOADED),
        ((OVERLOADED, LIMITED), LIMITED),
        ((UNSUPPORTED,), UNSUPPORTED),
    ],
)
def test_the_error_that_says_most_is_told(errors, told):
    failures = after(*errors)
    assert (failures.told(), failures.final) == (told, False)


def test_no_target_at_all():
    assert after().told().reason == Reason.REASON_MODEL_UNUSABLE


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ((LIMITED, REJECTED), REJECTED),
        ((UNSUPPORTED, INVALID), INVALID),
        ((LIMITED, INVALID), LIMITED),
    ],
)
def test_a_request_that_is_at_fault_itself_goes_to_no_other_target(errors, told):
    failures = after(*errors)
    assert (failures.told(), failures.final) == (told, True)
