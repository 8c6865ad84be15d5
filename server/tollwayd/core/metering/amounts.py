"""How much of a limit a call asks for."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from tollwayd.core.metering.unit import Unit

if TYPE_CHECKING:
    from tollwayd.core.metering.demand import Demand


class Admission(IntEnum):
    """The numbers are those of `tollway.admin.v1.Policy.Admission`."""

    STRICT = 1
    CLAMP = 2
    SHRINK = 3


def wanted(unit: Unit, admission: Admission, demand: Demand) -> tuple[int, int]:
    """How much is wanted, and how much has to be left at least; (0, 0) for money of which no amount is known."""
    if unit in (Unit.REQUESTS, Unit.CALLS):
        return 1, 1
    if admission is Admission.SHRINK:
        amount = _estimated(unit, demand)
        return amount, min(amount, 1)
    amount = _most(unit, demand)
    return amount, amount if admission is Admission.STRICT else min(amount, _least(unit, demand))


def output_left(unit: Unit, granted: int, demand: Demand) -> int:
    """How many output tokens a call may still have that was granted less than it wanted."""
    match unit:
        case Unit.OUTPUT_TOKENS:
            return granted
        case Unit.TOTAL_TOKENS:
            return max(0, granted - demand.input_strict)
        case Unit.COST:
            return demand.output_for(granted)
        case _:
            return demand.max_output


def _most(unit: Unit, demand: Demand) -> int:
    match unit:
        case Unit.INPUT_TOKENS:
            return demand.input_strict
        case Unit.OUTPUT_TOKENS:
            return demand.max_output
        case Unit.TOTAL_TOKENS:
            return demand.input_strict + demand.max_output
        case _:
            return demand.cost_strict or 0


def _estimated(unit: Unit, demand: Demand) -> int:
    match unit:
        case Unit.INPUT_TOKENS:
            return demand.input_estimate
        case Unit.OUTPUT_TOKENS:
            return demand.max_output
        case Unit.TOTAL_TOKENS:
            return demand.input_estimate + demand.max_output
        case _:
            return demand.cost_estimate or 0


def _least(unit: Unit, demand: Demand) -> int:
    """What the input takes, and one output token."""
    match unit:
        case Unit.INPUT_TOKENS:
            return demand.input_strict
        case Unit.OUTPUT_TOKENS:
            return 1
        case Unit.TOTAL_TOKENS:
            return demand.input_strict + 1
        case _:
            return demand.cost_least
