"""What a call may use, as far as that can be told before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tollwayd.core.metering.price import Price


@dataclass(frozen=True, slots=True)
class Demand:
    """One request. `input_strict` is a bound on its input tokens, `input_estimate` a guess, `max_output` the most
    output tokens that it can be given.

    Money is in nano-units, None where no price is known: `cost_strict` the most that the call can cost, `cost_estimate`
    the same with the guess, `cost_fixed` what of `cost_strict` is for the input alone.
    """

    input_strict: int
    input_estimate: int
    max_output: int
    cost_strict: int | None = None
    cost_estimate: int | None = None
    cost_fixed: int = 0

    @classmethod
    def of(cls, price: Price | None, input_strict: int, input_estimate: int, max_output: int, at: float) -> Demand:
        """With the money of a price at a time (Unix seconds)."""
        if price is None:
            return cls(input_strict, input_estimate, max_output)
        return cls(
            input_strict,
            input_estimate,
            max_output,
            price.most(input_strict, max_output, at),
            price.most(input_estimate, max_output, at),
            price.most(input_strict, 0, at),
        )

    @property
    def cost_one_more(self) -> int:
        """The most that `max_output` tokens cost with what rounding may have hidden: each costs less than this divided
        by `max_output`, for `cost_strict` and `cost_fixed` were both rounded up."""
        return (self.cost_strict or 0) - self.cost_fixed + 1

    def output_for(self, cost: int) -> int:
        """How many output tokens are sure to cost no more than this, input included."""
        return max(0, cost - self.cost_fixed) * self.max_output // self.cost_one_more

    @property
    def cost_least(self) -> int:
        """What the input and one output token cost at most."""
        if not self.max_output:
            return self.cost_strict or 0
        one = -(-self.cost_one_more // self.max_output)
        return min(self.cost_strict or 0, self.cost_fixed + one)
