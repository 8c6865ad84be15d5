"""What limits have to be before they are stored, beyond what their messages say: fields that fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollway.admin.v1.policies_pb2 import Budget, Exceeded, Policy, RateLimit
from tollwayd.admin.money_rules import check_money
from tollwayd.admin.time_zones import check_zone
from tollwayd.core.errors import invalid_field
from tollwayd.core.metering.money import MAX_AMOUNT, NANO, nanos

if TYPE_CHECKING:
    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.message import Message
    from google.type.money_pb2 import Money

__all__ = ["check_budget", "check_rate_limit"]

MAX_BUCKET_SECONDS: Final = 24 * 3600
"""As the proto says of `RateLimit.TOKEN_BUCKET`."""

_NS_A_MS: Final = 1_000_000
_DOLLARS: Final = MAX_AMOUNT // NANO
_EXAMPLE: Final = '{"currencyCode": "USD", "units": "10"}'


def check_rate_limit(path: str, message: RateLimit) -> None:
    """REASON_FIELD_INVALID; `path` is the message's own, in JSON names."""
    _check_unit(f"{path}.unit", message.unit)
    if message.unit == Policy.COST:
        _need_money(f"{path}.costLimit", _money(message, "cost_limit"), message.limit, f"{path}.limit")
    else:
        _need_number(f"{path}.limit", message.limit, _money(message, "cost_limit"), f"{path}.costLimit")
    _check_milliseconds(f"{path}.window", message.window)
    bucket = message.algorithm == RateLimit.TOKEN_BUCKET
    if bucket and message.window.ToNanoseconds() > MAX_BUCKET_SECONDS * NANO:
        raise invalid_field(
            f"{path}.window", "is 86400s at most for TOKEN_BUCKET; for longer windows take SLIDING_WINDOW or a budget"
        )
    if message.burst and not bucket:
        raise invalid_field(f"{path}.burst", "is for TOKEN_BUCKET alone; leave it out, or write that as the algorithm")
    _check_exceeded(f"{path}.onExceeded", message.on_exceeded)


def check_budget(path: str, message: Budget) -> None:
    """As `check_rate_limit`."""
    _check_unit(f"{path}.unit", message.unit)
    if message.unit == Policy.COST:
        _need_money(f"{path}.limit", _money(message, "limit"), message.max_units, f"{path}.maxUnits")
    else:
        _need_number(f"{path}.maxUnits", message.max_units, _money(message, "limit"), f"{path}.limit")
    _check_window(path, message)
    _check_increases(path, message)
    _check_exceeded(f"{path}.onExceeded", message.on_exceeded)
    if message.soft and message.on_exceeded.action == Exceeded.DOWNGRADE:
        raise invalid_field(f"{path}.onExceeded", "is of no use to a soft budget, which lets all calls through")


def _check_unit(path: str, unit: Policy.Unit) -> None:
    if unit == Policy.CALLS_UNDER_WAY:
        raise invalid_field(path, "is what concurrency counts; write that as the rule, or REQUESTS as the unit")


def _check_window(path: str, message: Budget) -> None:
    given = message.HasField("rolling_window")
    if message.window == Budget.ROLLING:
        if not given:
            raise invalid_field(f"{path}.rollingWindow", 'is required for ROLLING, such as "86400s"')
        _check_milliseconds(f"{path}.rollingWindow", message.rolling_window)
        if message.time_zone:
            raise invalid_field(f"{path}.timeZone", "is for calendar windows; a rolling one has no midnight")
    elif given:
        raise invalid_field(f"{path}.rollingWindow", "is for the window ROLLING alone; leave it out")
    check_zone(f"{path}.timeZone", message.time_zone)


def _check_increases(path: str, message: Budget) -> None:
    total = nanos(message.limit) if message.unit == Policy.COST else message.max_units
    for position, increase in enumerate(message.increases):
        place = f"{path}.increases[{position}]"
        if message.unit == Policy.COST:
            _need_money(f"{place}.amount", _money(increase, "amount"), increase.units, f"{place}.units")
            total += nanos(increase.amount)
        else:
            _need_number(f"{place}.units", increase.units, _money(increase, "amount"), f"{place}.amount")
            total += increase.units
    if total > MAX_AMOUNT:
        most = f"{_DOLLARS} US dollars" if message.unit == Policy.COST else str(MAX_AMOUNT)
        raise invalid_field(
            f"{path}.increases", f"make the limit more than {most} in all; drop those that have expired"
        )


def _check_exceeded(path: str, message: Exceeded) -> None:
    downgrade = message.action == Exceeded.DOWNGRADE
    if downgrade and not message.downgrade_model:
        raise invalid_field(f"{path}.downgradeModel", "is required for DOWNGRADE: the public name of a cheaper model")
    if message.downgrade_model and not downgrade:
        raise invalid_field(f"{path}.downgradeModel", "is for the action DOWNGRADE alone; leave it out, or write that")


def _need_money(path: str, money: Money | None, number: int, other: str) -> None:
    if number:
        raise invalid_field(other, f"is for other units than COST; write {_last(path)} instead")
    if money is None:
        raise invalid_field(path, f"is required for COST, such as {_EXAMPLE}")
    check_money(path, money, MAX_AMOUNT)


def _need_number(path: str, number: int, money: Money | None, other: str) -> None:
    if money is not None:
        raise invalid_field(other, f"is for the unit COST alone; write {_last(path)} instead")
    if not number:
        raise invalid_field(path, "is required: a number from 1 on")


def _money(message: Message, field: str) -> Money | None:
    return getattr(message, field) if message.HasField(field) else None


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _check_milliseconds(path: str, duration: Duration) -> None:
    if duration.ToNanoseconds() % _NS_A_MS:
        raise invalid_field(path, 'has to be in whole milliseconds, such as "1.5s"')
