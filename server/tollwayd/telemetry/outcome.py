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
    if isinstance(error, TollwayError):
        return error.rule.name
    if error is not None:
        return _left_or_late(call, error)
    if call.exchange is not None and call.exchange.broken is not None:
        return call.exchange.broken.rule.name
    return OK


def _left_or_late(call: Call, error: BaseException) -> str:
    remaining = call.remaining()
    if isinstance(error, asyncio.CancelledError) and remaining is not None and remaining <= 0:
        return RULES[Reason.REASON_DEADLINE_EXCEEDED].name
    return RULES[Reason.REASON_CANCELLED].name
