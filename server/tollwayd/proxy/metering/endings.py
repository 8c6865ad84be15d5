"""How a call ended, as the ledger has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollwayd.core.errors import TollwayError

if TYPE_CHECKING:
    from tollwayd.core.call import Call


def ending(call: Call, error: BaseException | None) -> LedgerEntry.Outcome:
    """The outcome of a call that ended with an error as `on_end` hooks get it.

    A stream that was whole when it ended was all that its caller asked for, whatever came then; an answer that is one
    message was nothing yet.
    """
    exchange = call.exchange
    assert exchange is not None
    failure = error or exchange.broken
    if exchange.complete and (failure is None or (exchange.stream and exchange.broken is None)):
        return LedgerEntry.COMPLETED
    if isinstance(failure, TollwayError) and failure.rule.name.startswith("UPSTREAM_"):
        return LedgerEntry.FAILED
    return LedgerEntry.CUT
