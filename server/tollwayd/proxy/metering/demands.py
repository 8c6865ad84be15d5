"""What a call may use, worked out from its request: bounds that hold whatever the model does, and guesses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tollwayd.core.metering.demand import Demand

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tollwayd.core.dialect import Load, OutputAsked
    from tollwayd.core.metering.price import Price

IMAGE_TOKENS: Final = 50_000
"""A bound on one picture, whose bytes say nothing of its pixels: the most that a model counts for one (48,169)."""

FILE_TOKENS: Final = 200_000
"""A bound on one file that the provider fetches or has: as much as most models take in all."""

TOOLS_TOKENS: Final = 1_000
"""A bound on what providers put into the prompt of their own where there are tools: up to 530 tokens are documented."""

BYTES_PER_TOKEN: Final = 3
"""For the guess. English prose has 4 to 4.5 bytes to a token, code and JSON 3 to 3.5, Chinese and Japanese about 3: so
it is a quarter too high for most, and too low for hardly any."""

MEDIA_TOKENS: Final = 2_000
"""The guess for one picture, sound or file: an ordinary photograph has 800 to 1,600 tokens, a page of a document as
many."""

OUTPUT_TOKENS: Final = 131_072
"""The most that a model is taken to generate where neither the caller nor the price list says: none generates more
today."""


class Tokens(NamedTuple):
    """A bound on the input, a guess of it, and a bound on the output."""

    input_strict: int
    input_estimate: int
    max_output: int


def input_bound(body_bytes: int, load: Load) -> int:
    """Input tokens at most. A token is a byte of text at least, and what JSON puts around a message is more than what
    a model's own form of it does."""
    extra = load.images * IMAGE_TOKENS + load.files * FILE_TOKENS
    return body_bytes + extra + (TOOLS_TOKENS if load.tools else 0)


def input_guess(body_bytes: int, load: Load) -> int:
    """Input tokens, rather too many than too few."""
    text = max(0, body_bytes - load.inline_bytes)
    return text // BYTES_PER_TOKEN + (load.images + load.files) * MEDIA_TOKENS


def output_bound(asked: OutputAsked, prices: Iterable[Price | None]) -> int:
    """Output tokens at most, in all choices, whichever of some targets answers."""
    tokens = asked.tokens
    if tokens is None:
        tokens = max([(price and price.max_output_tokens) or OUTPUT_TOKENS for price in prices], default=OUTPUT_TOKENS)
    return tokens * asked.choices


def demand_of(prices: Sequence[Price | None], tokens: Tokens, at: float, *, free: bool) -> Demand:
    """The demand of a call that one of some targets answers, which one nobody knows yet: the dearest counts. Where
    `free`, what has no price costs nothing; else a call has no known cost where one of its targets has none."""
    known = [price for price in prices if price is not None]
    if not known or (len(known) < len(prices) and not free):
        return Demand(*tokens, *((0, 0) if free else ()))
    if len(known) == 1:
        return Demand.of(known[0], *tokens, at)
    demands = [Demand.of(price, *tokens, at) for price in known]
    # Input of the one and output of another: a sum that can be taken apart again, which the dearest in all cannot.
    fixed = max(each.cost_fixed for each in demands)
    output = max((each.cost_strict or 0) - each.cost_fixed for each in demands)
    estimate = max(each.cost_estimate or 0 for each in demands)
    return Demand(*tokens, fixed + output, estimate, fixed)
