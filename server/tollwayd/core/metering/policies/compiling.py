"""From a policy's message to its rule. What was checked when it was stored is not checked again: what cannot be
compiled raises ValueError, and is then refused to callers rather than forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tollway.admin.v1.policies_pb2 import Budget, Exceeded, Policy, RateLimit, Subject
from tollwayd.core.metering.calendar import Calendar, Period, zone
from tollwayd.core.metering.limits.limit import Algorithm, StoreError
from tollwayd.core.metering.money import nanos
from tollwayd.core.metering.policies.access import compile_access
from tollwayd.core.metering.policies.amounts import Admission
from tollwayd.core.metering.policies.rules import AccessRule, Increase, LimitRule, Unreadable
from tollwayd.core.metering.policies.subject import Subject as CompiledSubject
from tollwayd.core.metering.policies.subject import compile_subject
from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollway.admin.v1.policies_pb2 import Concurrency

    Rule = AccessRule | LimitRule

DEFAULT_THRESHOLDS: Final = (50, 80, 100)
"""As the proto says of `Budget.thresholds`."""

_NS_A_MS: Final = 1_000_000
_EVERYBODY: Final = CompiledSubject((), (), each_group=False, provider="", anchor=None)

_ALGORITHMS: Final = {
    RateLimit.ALGORITHM_UNSPECIFIED: Algorithm.SLIDING,
    RateLimit.SLIDING_WINDOW: Algorithm.SLIDING,
    RateLimit.TOKEN_BUCKET: Algorithm.BUCKET,
    RateLimit.FIXED_WINDOW: Algorithm.FIXED,
}


class _Frame(NamedTuple):
    """What policies and the rules of tiers have in common beside their rule."""

    id: str
    subject: CompiledSubject
    enforce: bool
    on_store_error: int


def compile_policy(rule_id: str, subject: Subject, message: Any) -> Rule:
    """The rule of a message with `mode`, `on_store_error` and the oneof `rule`, about a subject. ValueError."""
    frame = _Frame(rule_id, compile_subject(subject), message.mode != Policy.OBSERVE, message.on_store_error)
    match message.WhichOneof("rule"):
        case "rate_limit":
            return _rate_limit(frame, message.rate_limit)
        case "concurrency":
            return _concurrency(frame, message.concurrency)
        case "budget":
            return _budget(frame, message.budget)
        case "access":
            return AccessRule(frame.id, frame.subject, compile_access(message.access), frame.enforce)
    raise ValueError("it has no rule that this version knows")


def unreadable(rule_id: str, subject: Subject | None) -> AccessRule:
    """In place of a rule that cannot be compiled: about the same calls, or about all where nobody knows which."""
    try:
        about = _EVERYBODY if subject is None else compile_subject(subject)
    except ValueError:
        about = _EVERYBODY
    return AccessRule(rule_id, about, Unreadable())


def _rate_limit(frame: _Frame, message: RateLimit) -> LimitRule:
    unit = Unit(message.unit)
    algorithm = _ALGORITHMS[message.algorithm]
    most = nanos(message.cost_limit) if unit is Unit.COST else message.limit
    window_ms = message.window.ToNanoseconds() // _NS_A_MS
    enforce, downgrade_model = _beyond(frame, message.on_exceeded)
    return LimitRule(
        id=frame.id,
        subject=frame.subject,
        unit=unit,
        algorithm=algorithm,
        most=most,
        kind=_kind(unit, algorithm, window_ms),
        admission=_admission(message.admission),
        window_ms=window_ms,
        burst=(message.burst or most) if algorithm is Algorithm.BUCKET else 0,
        enforce=enforce,
        downgrade_model=downgrade_model,
        store_error=_store_error(frame, StoreError.LOCAL),
        leased=message.leased,
    )


def _concurrency(frame: _Frame, message: Concurrency) -> LimitRule:
    return LimitRule(
        id=frame.id,
        subject=frame.subject,
        unit=Unit.CALLS,
        algorithm=Algorithm.CONCURRENCY,
        most=message.limit,
        kind=_kind(Unit.CALLS, Algorithm.CONCURRENCY, 0),
        enforce=frame.enforce,
        store_error=_store_error(frame, StoreError.LOCAL),
    )


def _budget(frame: _Frame, message: Budget) -> LimitRule:
    unit = Unit(message.unit)
    rolling = message.window == Budget.ROLLING
    algorithm = Algorithm.SLIDING if rolling else Algorithm.CALENDAR
    window_ms = message.rolling_window.ToNanoseconds() // _NS_A_MS if rolling else 0
    calendar = None if rolling else Calendar(Period(message.window), zone(message.time_zone))
    enforce, downgrade_model = _beyond(frame, message.on_exceeded)
    return LimitRule(
        id=frame.id,
        subject=frame.subject,
        unit=unit,
        algorithm=algorithm,
        most=nanos(message.limit) if unit is Unit.COST else message.max_units,
        kind=_kind(unit, algorithm, window_ms or message.window),
        admission=_admission(message.admission),
        window_ms=window_ms,
        calendar=calendar,
        enforce=enforce and not message.soft,
        downgrade_model=downgrade_model,
        increases=_increases(unit, message),
        budget=True,
        percents=tuple(sorted(message.thresholds)) or DEFAULT_THRESHOLDS,
        store_error=_store_error(frame, StoreError.DENY),
    )


def _increases(unit: Unit, message: Budget) -> Sequence[Increase]:
    return [
        Increase(nanos(each.amount) if unit is Unit.COST else each.units, each.expire_time.ToNanoseconds() // _NS_A_MS)
        for each in message.increases
    ]


def _kind(unit: Unit, algorithm: Algorithm, window: int) -> str:
    """What of a rule a count's name tells: a digit each for unit and algorithm, then the window's milliseconds, or
    which of the calendar's it is, in hexadecimal."""
    return f"{unit:d}{algorithm:d}{window:x}"


def _admission(value: int) -> Admission:
    return Admission(value) if value else Admission.CLAMP


def _store_error(frame: _Frame, default: StoreError) -> StoreError:
    return StoreError(frame.on_store_error) if frame.on_store_error else default


def _beyond(frame: _Frame, message: Exceeded) -> tuple[bool, str]:
    """Whether the limit refuses, and where calls beyond it go."""
    enforce = frame.enforce and message.action != Exceeded.OBSERVE
    return enforce, message.downgrade_model if message.action == Exceeded.DOWNGRADE else ""
