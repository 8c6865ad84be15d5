"""How much of a limit a call asks for."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tollwayd.core.metering.policies.demand import Demand


class Admission(IntEnum):
    """The numbers are those of `tollway.admin.v1.Policy.Admission`."""

    STRICT = 1
    CLAMP = 2
    SHRINK = 3


def wanted(unit: Unit, admission: Admission, demand: Demand) -> tuple[int, int]:
    """How much is wanted, and how much has to be left at least; (0, 0) for money of which no amount is known."""
    if admission is Admission.SHRINK:
        amount = _ESTIMATED[unit](demand)
        return amount, min(amount, 1)
    amount = _MOST[unit](demand)
    return amount, amount if admission is Admission.STRICT else min(amount, _LEAST[unit](demand))


def output_left(unit: Unit, granted: int, demand: Demand) -> int:
    """How many output tokens a call may still have that was granted less than it wanted."""
    return _OUTPUT_LEFT[unit](granted, demand) if unit in _OUTPUT_LEFT else demand.max_output


def _one(_demand: Demand) -> int:
    return 1


_MOST: Final[dict[Unit, Callable[[Demand], int]]] = {
    Unit.REQUESTS: _one,
    Unit.CALLS: _one,
    Unit.INPUT_TOKENS: lambda demand: demand.input_strict,
    Unit.OUTPUT_TOKENS: lambda demand: demand.max_output,
    Unit.TOTAL_TOKENS: lambda demand: demand.input_strict + demand.max_output,
    Unit.COST: lambda demand: demand.cost_strict or 0,
}

_ESTIMATED: Final[dict[Unit, Callable[[Demand], int]]] = {
    **_MOST,
    Unit.INPUT_TOKENS: lambda demand: demand.input_estimate,
    Unit.TOTAL_TOKENS: lambda demand: demand.input_estimate + demand.max_output,
    Unit.COST: lambda demand: demand.cost_estimate or 0,
}

# What the input takes, and one output token.
_LEAST: Final[dict[Unit, Callable[[Demand], int]]] = {
    **_MOST,
    Unit.OUTPUT_TOKENS: _one,
    Unit.TOTAL_TOKENS: lambda demand: demand.input_strict + 1,
    Unit.COST: lambda demand: demand.cost_least,
}

_OUTPUT_LEFT: Final[dict[Unit, Callable[[int, Demand], int]]] = {
    Unit.OUTPUT_TOKENS: lambda granted, _: granted,
    Unit.TOTAL_TOKENS: lambda granted, demand: max(0, granted - demand.input_strict),
    Unit.COST: lambda granted, demand: demand.output_for(granted),
}
