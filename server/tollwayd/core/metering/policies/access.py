"""What may be called at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.metering.calendar import zone
from tollwayd.core.metering.limits.reasons import named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from tollway.admin.v1.policies_pb2 import Access as AccessMessage
    from tollway.admin.v1.policies_pb2 import Times as TimesMessage
    from tollwayd.core.metering.policies.facts import Facts

_MINUTES_A_DAY: Final = 24 * 60
_MINUTES_AN_HOUR: Final = 60
_ALL_DAYS: Final = range(1, 8)


@dataclass(frozen=True, slots=True)
class Times:
    """A stretch of some days of the week, in minutes of the wall clock; one that does not end after it starts ends on
    the next day."""

    days: frozenset[int]
    start: int
    end: int
    zone: ZoneInfo

    def include(self, now_ms: int) -> bool:
        """Whether a moment lies in it."""
        local = datetime.fromtimestamp(now_ms / 1000, self.zone)
        minute = local.hour * _MINUTES_AN_HOUR + local.minute
        today = local.isoweekday() in self.days
        if self.start < self.end:
            return today and self.start <= minute < self.end
        yesterday = (local.date() - timedelta(days=1)).isoweekday() in self.days
        return (today and minute >= self.start) or (yesterday and minute < self.end)


class Denial(NamedTuple):
    """Why a call must not be made; `text` says it in public, empty for the reason's own text."""

    reason: Reason
    text: str = ""

    def error(self, policy: str) -> TollwayError:
        """The error of the policy that denies."""
        message = f"The {named('policy', policy)} {self.text}." if self.text else ""
        return TollwayError(self.reason, message, metadata={"policy": policy})


_MODEL: Final = Denial(Reason.REASON_MODEL_NOT_ALLOWED, "does not allow this model")
_METHOD: Final = Denial(Reason.REASON_POLICY_DENIED, "does not allow this method")
_TIME: Final = Denial(Reason.REASON_POLICY_DENIED, "allows no calls at this time")


@dataclass(frozen=True, slots=True)
class Access:
    """A compiled `tollway.admin.v1.Access`; what is None or empty sets no condition."""

    models: frozenset[str]
    methods: frozenset[str]
    times: Sequence[Times]
    max_output: int

    def refusal(self, facts: Facts, now_ms: int) -> Denial | None:
        """Why a call must not be made, or None."""
        if self.models and facts.model not in self.models:
            return _MODEL
        if self.methods and facts.method not in self.methods:
            return _METHOD
        if self.times and not any(times.include(now_ms) for times in self.times):
            return _TIME
        return None


@dataclass(frozen=True, slots=True)
class Cap:
    """A bound on a call's output tokens, by a policy that enforces it or only tells."""

    policy: str
    tokens: int
    enforce: bool


@dataclass(frozen=True, slots=True)
class AccessVerdict:
    """The call may be made. `observed` are the policies that would have refused it if they enforced what they say;
    `max_output_tokens` is the smallest cap, None where there is none."""

    observed: Sequence[str] = ()
    caps: Sequence[Cap] = ()

    @property
    def max_output_tokens(self) -> int | None:
        return min((cap.tokens for cap in self.caps if cap.enforce), default=None)

    def output_tokens(self, asked: int | None) -> int | None:
        """How many a call is given that asks for so many or names no number; None where nothing bounds them.

        REASON_MAX_TOKENS_EXCEEDED where it asks for more than a policy allows.
        """
        if asked is None:
            return self.max_output_tokens
        for cap in self.caps:
            if cap.enforce and asked > cap.tokens:
                raise TollwayError(
                    Reason.REASON_MAX_TOKENS_EXCEEDED,
                    f"The {named('policy', cap.policy)} allows {cap.tokens} output tokens, fewer than are asked for.",
                    metadata={"policy": cap.policy, "limit": str(cap.tokens)},
                )
        return asked

    def told(self, asked: int | None) -> Sequence[str]:
        """The policies that only observe, and would have refused a call that asks for so many output tokens."""
        over = [cap.policy for cap in self.caps if not cap.enforce and asked is not None and asked > cap.tokens]
        return (*self.observed, *over)


FREE: Final = AccessVerdict()
"""Of calls that no policy is about."""


def compile_access(message: AccessMessage) -> Access:
    """ValueError for a time zone or a time of day that there is none of."""
    times = [_times(each) for each in message.allowed_times]
    return Access(
        frozenset(message.allowed_models), frozenset(message.allowed_methods), times, message.max_output_tokens
    )


def _times(message: TimesMessage) -> Times:
    start, end = _minute(message.start, 0), _minute(message.end, _MINUTES_A_DAY)
    return Times(frozenset(message.days or _ALL_DAYS), start, end, zone(message.time_zone))


def _minute(text: str, default: int) -> int:
    if not text:
        return default
    hour, minute = text.split(":")
    return int(hour) * _MINUTES_AN_HOUR + int(minute)
