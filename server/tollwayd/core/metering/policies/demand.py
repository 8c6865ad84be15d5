"""What a call may use, as far as that can be told before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tollwayd.core.metering.prices.price import Price

OUTPUT_TOKENS: Final = 131_072
"""The most that a model is taken to generate where neither the caller nor the price list says: none generates more
today."""


class Tokens(NamedTuple):
    """A bound on the input, a guess of it, and a bound on the output."""

    input_strict: int
    input_estimate: int
    max_output: int


def most_output(prices: Iterable[Price | None]) -> int:
    """Output tokens at most of a call that names no number, whichever of some targets answers."""
    return max([(price and price.max_output_tokens) or OUTPUT_TOKENS for price in prices], default=OUTPUT_TOKENS)


class Demand(msgspec.Struct, frozen=True, gc=False):
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

    @classmethod
    def of_any(cls, prices: Sequence[Price | None], tokens: Tokens, at: float, *, free: bool) -> Demand:
        """Of a call that one of some targets answers, which one nobody knows yet: the dearest counts. Where `free`,
        what has no price costs nothing; else a call has no known cost where one of its targets has none."""
        if len(prices) == 1 and (only := prices[0]) is not None:
            return cls.of(only, *tokens, at)
        known = [price for price in prices if price is not None]
        if not known or (len(known) < len(prices) and not free):
            return cls(*tokens, *((0, 0) if free else ()))
        if len(known) == 1:
            return cls.of(known[0], *tokens, at)
        demands = [cls.of(price, *tokens, at) for price in known]
        # Input of the one and output of another: a sum that can be taken apart again, which the dearest in all cannot.
        fixed = max(each.cost_fixed for each in demands)
        output = max((each.cost_strict or 0) - each.cost_fixed for each in demands)
        estimate = max(each.cost_estimate or 0 for each in demands)
        return cls(*tokens, fixed + output, estimate, fixed)

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


UNMEASURED: Final = Demand(0, 0, 0)
"""In place of what a call may use that meets limits of calls alone."""
