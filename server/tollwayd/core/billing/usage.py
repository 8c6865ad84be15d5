"""What a billing account's tenants used in a month: their ledgers, summed up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tollway.admin.v1.billing_pb2 import Plan
from tollway.admin.v1.ledger_pb2 import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["CLASSES", "MAX_GROUPS", "UNPRICED", "Group", "Usage"]

MAX_GROUPS: Final = 3_000
"""Combinations of tenant, model and provider that are told apart, so that an invoice with names of the usual length
stays below gRPC's 4 MB (it has 2); what further ones used is summed up under their tenant, without a model."""

CLASSES: Final = (
    Plan.CALLS,
    Plan.FAILED_CALLS,
    Plan.INPUT_TOKENS,
    Plan.CACHE_READ_TOKENS,
    Plan.CACHE_WRITE_TOKENS,
    Plan.CACHE_WRITE_HOUR_TOKENS,
    Plan.OUTPUT_TOKENS,
    Plan.REASONING_TOKENS,
)
"""The metrics that do not overlap."""

UNPRICED: Final = 1 + len(CLASSES)
"""Where the counts have the calls whose price nobody knew."""

_ALL_INPUT: Final = (Plan.INPUT_TOKENS, Plan.CACHE_READ_TOKENS, Plan.CACHE_WRITE_TOKENS, Plan.CACHE_WRITE_HOUR_TOKENS)
_ALL_OUTPUT: Final = (Plan.OUTPUT_TOKENS, Plan.REASONING_TOKENS)
_SUMS: Final = {
    Plan.ALL_INPUT_TOKENS: _ALL_INPUT,
    Plan.ALL_OUTPUT_TOKENS: _ALL_OUTPUT,
    Plan.TOTAL_TOKENS: _ALL_INPUT + _ALL_OUTPUT,
}


class Group(NamedTuple):
    """Whose usage: a tenant's resource name, a model's public name, a provider's id."""

    tenant: str
    model: str = ""
    provider: str = ""


class Usage:
    """Sums by group. `counts[group]` holds the cost in nano-units, then a number for each of CLASSES, by the numbers
    of the metrics, and that of UNPRICED. `models` are the public names that `units` will be asked for."""

    def __init__(self, models: Iterable[str] = ()) -> None:
        self.counts: dict[Group, list[int]] = {}
        self._models = {model: _nothing() for model in models}

    def add(self, tenant: str, entries: Iterable[LedgerEntry]) -> None:
        """Adds entries of a tenant's ledger: calls, and corrections of some, which may take away."""
        for entry in entries:
            _add(self._counts(Group(tenant, entry.model, entry.provider)), entry)
            if entry.model in self._models:
                _add(self._models[entry.model], entry)

    @property
    def cost(self) -> int:
        """Of everything, in nano-units."""
        return sum(counts[0] for counts in self.counts.values())

    def units(self, metric: Plan.Metric, model: str = "") -> int:
        """How many units of a metric, of one model or of all."""
        classes: Sequence[int] = _SUMS.get(metric, (metric,))
        chosen = [self._models[model]] if model else self.counts.values()
        return sum(counts[each] for counts in chosen for each in classes)

    def _counts(self, group: Group) -> list[int]:
        counts = self.counts.get(group)
        if counts is None:
            if len(self.counts) >= MAX_GROUPS:
                group = Group(group.tenant)
            counts = self.counts.setdefault(group, _nothing())
        return counts


def _nothing() -> list[int]:
    return [0] * (UNPRICED + 1)


def _add(counts: list[int], entry: LedgerEntry) -> None:
    counts[0] += entry.cost_nanos
    if entry.kind == LedgerEntry.CALL:
        counts[Plan.FAILED_CALLS if entry.outcome == LedgerEntry.FAILED else Plan.CALLS] += 1
        counts[UNPRICED] += not entry.price_version
    counts[Plan.INPUT_TOKENS] += entry.input_tokens
    counts[Plan.CACHE_READ_TOKENS] += entry.cache_read_tokens
    counts[Plan.CACHE_WRITE_TOKENS] += entry.cache_write_tokens
    counts[Plan.CACHE_WRITE_HOUR_TOKENS] += entry.cache_write_hour_tokens
    counts[Plan.OUTPUT_TOKENS] += entry.output_tokens
    counts[Plan.REASONING_TOKENS] += entry.reasoning_tokens
