"""One structured log line for every call."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.plugin import Stage
from tollwayd.telemetry.outcome import outcome

if TYPE_CHECKING:
    from tollwayd.core.call import Call, Exchange


class AccessLog:
    """A chain link. It logs names, sizes and times, never a body, a header or a credential."""

    name: Final = "access-log"
    stage: Final = Stage.OBSERVE

    def __init__(self) -> None:
        self._log = structlog.get_logger("tollway.call")

    def on_end(self, call: Call, error: BaseException | None) -> None:
        """Writes the line; a defect's traceback goes with it."""
        fields: dict[str, Any] = {
            "call": call.id,
            "method": call.method,
            "door": call.door,
            "peer": call.peer,
            "outcome": outcome(call, error),
            "seconds": round(time.monotonic() - call.started, 6),
        }
        if call.principal is not None:
            fields["tenant"] = call.principal.tenant
            fields["key"] = call.principal.key
        if call.exchange is not None:
            fields.update(_exchange(call, call.exchange))
        defect = _defect(call, error)
        if defect is None:
            self._log.info("call", **fields)
        else:
            self._log.error("call", **fields, exc_info=defect)


def _exchange(call: Call, exchange: Exchange) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "model": exchange.model,
        "provider": exchange.provider,
        "upstream_model": exchange.upstream_model,
        "stream": exchange.stream,
    }
    if exchange.first_byte_at is not None:
        fields["first_byte_seconds"] = round(exchange.first_byte_at - call.started, 6)
    if exchange.usage is not None:
        fields.update((field.name, value) for field, value in exchange.usage.ListFields())
    if exchange.attempts:
        fields["failed_attempts"] = exchange.attempts
    if exchange.dropped:
        fields["dropped"] = exchange.dropped
    return fields


def _defect(call: Call, error: BaseException | None) -> BaseException | None:
    if isinstance(error, TollwayError) and error.reason == Reason.REASON_INTERNAL:
        return error.__cause__ or error
    return call.end_errors[0] if call.end_errors else None
