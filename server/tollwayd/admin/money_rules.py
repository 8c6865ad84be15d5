"""What an amount of money has to be, wherever operators write one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.core.errors import invalid_field
from tollwayd.core.metering.money import CURRENCY, NANO, nanos

if TYPE_CHECKING:
    from google.type.money_pb2 import Money


def check_money(path: str, money: Money, most: int) -> None:
    """REASON_FIELD_INVALID for what is not from 0 to `most`, in nano-dollars; `path` is its own, in JSON names."""
    if money.currency_code != CURRENCY:
        raise invalid_field(f"{path}.currencyCode", f'has to be "{CURRENCY}": prices are in US dollars')
    if not 0 <= money.nanos < NANO:
        raise invalid_field(f"{path}.nanos", "is from 0 to 999999999: the part behind the point, in nano-dollars")
    if money.units < 0 or nanos(money) > most:
        raise invalid_field(path, f"is from 0 to {most // NANO} US dollars")
