"""What a model's tokens cost."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tollwayd.core.metering.charge import Counts
    from tollwayd.core.metering.prices.tariff import Tariff


class Price(Protocol):
    """The price of one target. Amounts of money are in nano-units: 1,000,000,000 are one US dollar."""

    @property
    def version(self) -> str:
        """Names the price list or the override that it is from, and that one's version; pinned in the ledger."""
        ...

    @property
    def max_output_tokens(self) -> int | None:
        """The most tokens that the model generates in one answer; None where nobody knows."""
        ...

    def cost(self, counts: Counts, at: float) -> int:
        """What a call cost that was admitted at a time (Unix seconds), rounded up to the next nano-unit."""
        ...

    def most(self, input_tokens: int, output_tokens: int, at: float) -> int:
        """The most that a call can cost with at most so many tokens, whatever class they turn out to be of."""
        ...

    def at(self, at: float) -> Tariff | None:
        """The price in force at a time (Unix seconds), None where none is: what a call asks for when it is admitted and
        then holds on to. Overrides begin and end, and each has a version of its own."""
        ...


class UnknownPrice(IntEnum):
    """What happens to calls whose price nobody knows. The numbers are those of `Tenant.UnknownPrice`."""

    DEFAULT = 0
    """REJECT where a limit of money applies to the call, FREE where none does."""
    REJECT = 1
    ASSUME_MAX = 2
    """The compiler has filled in the dearest price of the provider's list, so that it is known after all."""
    FREE = 3
