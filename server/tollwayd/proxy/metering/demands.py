"""What a call may use, worked out from its request: bounds that hold whatever the model does, and guesses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.core.metering.policies.demand import most_output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tollwayd.core.dialect import Load, OutputAsked
    from tollwayd.core.metering.prices.price import Price

IMAGE_TOKENS: Final = 50_000
"""A bound on one picture, whose bytes say nothing of its pixels: the most that a model counts for one (48,169)."""

FILE_TOKENS: Final = 200_000
"""A bound on one file: as much as most models take in all. The bytes of a PDF say nothing of it either: a page can be
a few dozen of them, and is a picture to the model."""

TOOLS_TOKENS: Final = 1_000
"""A bound on what providers put into the prompt of their own where there are tools: up to 530 tokens are documented."""

BYTES_PER_TOKEN: Final = 3
"""For the guess. English prose has 4 to 4.5 bytes to a token, code and JSON 3 to 3.5, Chinese and Japanese about 3: so
it is a quarter too high for most, and too low for hardly any."""

MEDIA_TOKENS: Final = 2_000
"""The guess for one picture, sound or file: an ordinary photograph has 800 to 1,600 tokens, a page of a document as
many."""


MAX_OUTPUT: Final = 10**12
"""What is reserved of output at most. No call gets as much, and beyond 2⁵³ the store's scripts do not count."""


def input_bound(body_bytes: int, load: Load) -> int:
    """Input tokens at most. A token is a byte of text at least, and what JSON puts around a message is more than what
    a model's own form of it does."""
    extra = load.images * IMAGE_TOKENS + load.files * FILE_TOKENS
    return body_bytes + extra + (TOOLS_TOKENS if load.tools else 0)


def input_guess(body_bytes: int, load: Load) -> int:
    """Input tokens, rather too many than too few."""
    text = body_bytes - load.inline_bytes
    return (text // BYTES_PER_TOKEN if text > 0 else 0) + load.media * MEDIA_TOKENS


def output_bound(asked: OutputAsked, prices: Iterable[Price | None]) -> int:
    """Output tokens at most, in all choices, whichever of some targets answers."""
    tokens = most_output(prices) if asked.tokens is None else asked.tokens
    return min(tokens * asked.choices, MAX_OUTPUT)
