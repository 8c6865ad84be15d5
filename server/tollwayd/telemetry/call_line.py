"""The log line of a call, as data."""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 (msgspec reads annotations at run time)
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from tollwayd.core.errors import TollwayError
from tollwayd.telemetry.outcome import outcome

if TYPE_CHECKING:
    from tollway.proxy.v1.inference_pb2 import Usage
    from tollwayd.core.call import Call, Exchange


class CallLine(Struct, gc=False):
    """What is logged of one call. What is UNSET is not in the line.

    A struct, and not a dictionary, because a line is written for every call: one is filled and put into JSON in a third
    of the time.
    """

    call: str
    method: str
    door: str
    peer: str
    outcome: str
    seconds: float
    tenant: str | UnsetType = UNSET
    key: str | UnsetType = UNSET
    model: str | UnsetType = UNSET
    provider: str | UnsetType = UNSET
    upstream_model: str | UnsetType = UNSET
    stream: bool | UnsetType = UNSET
    first_byte_seconds: float | UnsetType = UNSET
    input_tokens: int | UnsetType = UNSET
    cache_read_tokens: int | UnsetType = UNSET
    cache_write_tokens: int | UnsetType = UNSET
    cache_write_1h_tokens: int | UnsetType = UNSET
    output_tokens: int | UnsetType = UNSET
    reasoning_tokens: int | UnsetType = UNSET
    estimated: bool | UnsetType = UNSET
    terms: str | UnsetType = UNSET
    parts: str | UnsetType = UNSET
    cost_nanos: int | UnsetType = UNSET
    downgraded_to: str | UnsetType = UNSET
    exceeded: Sequence[str] | UnsetType = UNSET
    failed_attempts: Sequence[str] | UnsetType = UNSET
    dropped: Sequence[str] | UnsetType = UNSET
    refused_by: str | UnsetType = UNSET
    event: str = "call"
    level: str = "info"
    timestamp: datetime | UnsetType = UNSET

    def fields(self) -> dict[str, Any]:
        """What it says beside what every log line says: event, level and time."""
        said = msgspec.structs.asdict(self)
        del said["event"], said["level"], said["timestamp"]
        return {name: value for name, value in said.items() if value is not UNSET}


def call_line(call: Call, error: BaseException | None) -> CallLine:
    """The line of a call that has ended just now, with this error or none."""
    principal, exchange, started = call.principal, call.exchange, call.started
    # Seconds are rounded to microseconds, in a third of the time that `round` takes.
    seconds = ((monotonic() - started) * 1e6 + 0.5) // 1 / 1e6
    line = CallLine(call.id, call.method, call.door, call.peer, outcome(call, error), seconds)
    line.timestamp = datetime.now(UTC)
    if principal is not None:
        line.tenant, line.key = principal.tenant, principal.key
    if exchange is not None:
        line.model, line.provider = exchange.model, exchange.provider
        line.upstream_model, line.stream = exchange.upstream_model, exchange.stream
        if exchange.first_byte_at is not None:
            line.first_byte_seconds = ((exchange.first_byte_at - started) * 1e6 + 0.5) // 1 / 1e6
        if exchange.usage is not None:
            _add_usage(line, exchange.usage)
        if exchange.charged is not None:
            line.cost_nanos = exchange.charged
        if exchange.exceeded or exchange.attempts or exchange.dropped or exchange.downgraded_to:
            _add_trouble(line, exchange)
    if error is not None and isinstance(error, TollwayError) and (policy := error.metadata.get("policy")):
        line.refused_by = policy
    return line


def _add_trouble(line: CallLine, exchange: Exchange) -> None:
    line.downgraded_to = exchange.downgraded_to or UNSET
    line.exceeded = exchange.exceeded or UNSET
    line.failed_attempts = exchange.attempts or UNSET
    line.dropped = exchange.dropped or UNSET


def _add_usage(line: CallLine, usage: Usage) -> None:
    line.input_tokens = usage.input_tokens or UNSET
    line.output_tokens = usage.output_tokens or UNSET
    line.cache_read_tokens = usage.cache_read_tokens or UNSET
    line.cache_write_tokens = usage.cache_write_tokens or UNSET
    line.cache_write_1h_tokens = usage.cache_write_1h_tokens or UNSET
    line.reasoning_tokens = usage.reasoning_tokens or UNSET
    line.estimated = usage.estimated or UNSET
    line.terms = usage.terms or UNSET
    if usage.HasField("parts"):
        line.parts = str(usage.parts)
