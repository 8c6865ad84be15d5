"""What a call is charged."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollway.proxy.v1.inference_pb2 import Usage


class Counts(NamedTuple):
    """Tokens in classes that do not overlap, as `tollway.proxy.v1.Usage` has them."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_hour: int = 0
    output: int = 0
    reasoning: int = 0

    @classmethod
    def of(cls, usage: Usage) -> Counts:
        """Those of a usage."""
        counts = (
            usage.input_tokens,
            usage.cache_read_tokens,
            usage.cache_write_tokens,
            usage.cache_write_1h_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
        )
        return tuple.__new__(cls, counts)  # A NamedTuple's own takes twice as long.

    @property
    def all_input(self) -> int:
        """Input of every class."""
        return self.input + self.cache_read + self.cache_write + self.cache_write_hour

    @property
    def all_output(self) -> int:
        """Output with reasoning."""
        return self.output + self.reasoning


class Dimensions(NamedTuple):
    """By what usage can be told apart: ids and names, without control characters. `tags` are `name=value`, sorted."""

    api_key: str = ""
    user: str = ""
    model: str = ""
    provider: str = ""
    upstream_model: str = ""
    tags: Sequence[str] = ()


_NO_COUNTS = Counts()
_NO_DIMENSIONS = Dimensions()


class Charge(msgspec.Struct, frozen=True, gc=False):
    """What one call is charged, and how that is told: its ledger entry, and the dimensions of its usage.

    `cost` is in nano-units; `entry` is a serialised `tollway.admin.v1.LedgerEntry`, empty where nothing is to be
    booked (a call that never reached a provider, a slice of a limit). `unpriced` says that nobody knows its price.
    """

    counts: Counts = _NO_COUNTS
    cost: int = 0
    requests: int = 1
    failed: bool = False
    dimensions: Dimensions = _NO_DIMENSIONS
    entry: bytes = b""
    unpriced: bool = False

    def amount(self, unit: Unit) -> int:
        """What of it counts against a limit of this unit."""
        match unit:
            case Unit.REQUESTS:
                return self.requests
            case Unit.INPUT_TOKENS:
                return self.counts.all_input
            case Unit.OUTPUT_TOKENS:
                return self.counts.all_output
            case Unit.TOTAL_TOKENS:
                return sum(self.counts)
            case Unit.COST:
                return self.cost
            case Unit.CALLS:
                return 0


NOTHING = Charge(requests=0)
"""The charge of a call that never reached a provider: everything that it had reserved is given back, and nothing is
booked."""
