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
    from tollwayd.telemetry.logs import WriteLine


class AccessLog:
    """A chain link. It logs names, sizes and times, never a body, a header or a credential.

    `write` is None where only defects are wanted: a call that has none then costs nothing here.
    """

    name: Final = "access-log"
    stage: Final = Stage.OBSERVE

    def __init__(self, write: WriteLine | None) -> None:
        self._write = write
        self._log = structlog.get_logger("tollway.call")

    def on_end(self, call: Call, error: BaseException | None) -> None:
        """Writes the line; a defect's traceback goes with it."""
        if call.end_errors or (isinstance(error, TollwayError) and error.reason == Reason.REASON_INTERNAL):
            self._log.error("call", **_fields(call, error), exc_info=_defect(call, error))
        elif self._write is not None:
            self._write("call", _fields(call, error))


def _fields(call: Call, error: BaseException | None) -> dict[str, Any]:
    principal, exchange = call.principal, call.exchange
    fields: dict[str, Any] = {
        "call": call.id,
        "method": call.method,
        "door": call.door,
        "peer": call.peer,
        "outcome": outcome(call, error),
        "seconds": round(time.monotonic() - call.started, 6),
    }
    if principal is not None:
        fields["tenant"] = principal.tenant
        fields["key"] = principal.key
    if exchange is not None:
        _add_exchange(fields, call, exchange)
    if isinstance(error, TollwayError) and (policy := error.metadata.get("policy")):
        fields["refused_by"] = policy
    return fields


def _add_exchange(fields: dict[str, Any], call: Call, exchange: Exchange) -> None:
    fields["model"] = exchange.model
    fields["provider"] = exchange.provider
    fields["upstream_model"] = exchange.upstream_model
    fields["stream"] = exchange.stream
    if exchange.first_byte_at is not None:
        fields["first_byte_seconds"] = round(exchange.first_byte_at - call.started, 6)
    if exchange.usage is not None:
        for field, value in exchange.usage.ListFields():
            fields[field.name] = value
    if exchange.charged is not None:
        fields["cost_nanos"] = exchange.charged
    if exchange.downgraded_to:
        fields["downgraded_to"] = exchange.downgraded_to
    if exchange.exceeded:
        fields["exceeded"] = exchange.exceeded
    if exchange.attempts:
        fields["failed_attempts"] = exchange.attempts
    if exchange.dropped:
        fields["dropped"] = exchange.dropped


def _defect(call: Call, error: BaseException | None) -> BaseException:
    if isinstance(error, TollwayError) and error.reason == Reason.REASON_INTERNAL:
        return error.__cause__ or error
    return call.end_errors[0]
