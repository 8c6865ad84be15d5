"""How a call ended, as the log and the metrics name it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tollwayd.core.errors import RULES, Reason, TollwayError

if TYPE_CHECKING:
    from tollwayd.core.call import Call

OK = "OK"


def outcome(call: Call, error: BaseException | None) -> str:
    """`OK`, or the reason's name without prefix. A stream that was told of its error within counts as failed."""
    if error is None:
        exchange = call.exchange
        return OK if exchange is None or exchange.broken is None else exchange.broken.rule.name
    return error.rule.name if isinstance(error, TollwayError) else _left_or_late(call, error)


def _left_or_late(call: Call, error: BaseException) -> str:
    remaining = call.remaining()
    if isinstance(error, asyncio.CancelledError) and remaining is not None and remaining <= 0:
        return RULES[Reason.REASON_DEADLINE_EXCEEDED].name
    return RULES[Reason.REASON_CANCELLED].name
