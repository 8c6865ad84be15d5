"""How the ledger calls the end of a call."""

from __future__ import annotations

import asyncio

import pytest

from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.call import Call, Exchange
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.proxy.metering.endings import ending

BROKEN = TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
CUT = TollwayError(Reason.REASON_SHUTTING_DOWN)
LEFT = asyncio.CancelledError()


@pytest.mark.parametrize(
    ("stream", "complete", "broken", "error", "outcome"),
    [
        (False, True, None, None, LedgerEntry.COMPLETED),
        (True, True, None, None, LedgerEntry.COMPLETED),
        (True, True, None, LEFT, LedgerEntry.COMPLETED),
        (True, True, None, CUT, LedgerEntry.COMPLETED),
        (False, True, None, LEFT, LedgerEntry.CUT),
        (True, False, None, GeneratorExit(), LedgerEntry.CUT),
        (True, False, None, CUT, LedgerEntry.CUT),
        (False, False, None, TollwayError(Reason.REASON_DEADLINE_EXCEEDED), LedgerEntry.CUT),
        (False, False, None, TollwayError(Reason.REASON_INTERNAL), LedgerEntry.CUT),
        (False, False, None, BROKEN, LedgerEntry.FAILED),
        (True, False, BROKEN, None, LedgerEntry.FAILED),
        (True, True, BROKEN, None, LedgerEntry.FAILED),
        (True, False, CUT, None, LedgerEntry.CUT),
    ],
)
def test_an_ending_is_told_by_what_the_caller_got(stream, complete, broken, error, outcome):
    call = Call("", {})
    call.exchange = Exchange("gpt", stream=stream, complete=complete, broken=broken)
    assert ending(call, error) == outcome
