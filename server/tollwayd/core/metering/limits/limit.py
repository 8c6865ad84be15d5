"""Limits as one call meets them, and the answers of the meter that counts them.

All of it is made for each call, hence Structs: a frozen dataclass takes five times as long to make, and what the
collector of cycles need not look at, as there are none in it, costs it nothing.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.core.metering.charge import Charge
    from tollwayd.core.metering.limits.window import CalendarWindow
    from tollwayd.core.metering.unit import Unit


class Algorithm(IntEnum):
    """How a limit's window moves."""

    CONCURRENCY = 0
    """No window: what is taken is given back when the call ends."""
    FIXED = 1
    """Windows of `window_ms` one after another, counted from the Unix epoch."""
    CALENDAR = 2
    """Windows that `calendar` gives."""
    SLIDING = 3
    """In no stretch of `window_ms` more than the limit; time is counted in 512ths of it."""
    BUCKET = 4
    """A bucket of `burst` that fills by `limit` per `window_ms` (GCRA); `window_ms` is a day at most."""

    __hash__ = int.__hash__
    """As of `Unit`."""


class StoreError(IntEnum):
    """What happens to calls while the store cannot be reached."""

    DENY = 1
    ALLOW = 2
    LOCAL = 3


class Limit(msgspec.Struct, frozen=True, gc=False):
    """One limit that a call has to be admitted by. All amounts are in its unit, integers up to 2⁵³.

    `bucket` names the count, unique within the tenant: the policy's id, after a dot its kind (unit, algorithm and
    window, as `compiling` writes them), and after bars what values of the subject add (`rpm.13ea60|k=front-desk`).
    `amount` is wanted, and at least `least` of it must be left: where they are equal the call gets all of it or is
    refused. A limit that does not `enforce` is taken from all the same, and only says that it was exceeded.
    `thresholds` are amounts, ascending, of which the crossing is an event. `leased` lets a worker take slices of it.
    `provider` is the id of the provider that it is about, empty where it is about the whole call. `budget` tells a
    budget from a rate limit, of which callers are told in different words.
    """

    policy: str
    bucket: str
    unit: Unit
    algorithm: Algorithm
    limit: int
    amount: int
    least: int
    window_ms: int = 0
    burst: int = 0
    calendar: CalendarWindow | None = None
    enforce: bool = True
    thresholds: Sequence[int] = ()
    store_error: StoreError = StoreError.DENY
    leased: bool = False
    provider: str = ""
    budget: bool = False


class Reservation(msgspec.Struct, frozen=True, gc=False):
    """What a call asks for: all of its limits, or none of them.

    `tenant` is a resource name, `call` the call's id. `if_lost` is what is charged if the process vanishes and nothing
    more is heard of the call. A call that turns to another provider adds that one's limits by a reservation with a
    higher `attempt`; what it has stays reserved, and in the end only requests are charged to the limits of providers
    that were left. A `dry` one takes nothing, and tells what would be.
    """

    tenant: str
    call: str
    limits: Sequence[Limit]
    if_lost: Charge
    attempt: int = 0
    dry: bool = False


class Standing(msgspec.Struct, frozen=True, gc=False):
    """How one limit stands after a call was judged: what is taken of it, by calls that run too, and how much there is.

    `granted` is what the call got. `reset_ms` is in how many milliseconds the window ends, or the bucket is full again,
    or (SLIDING) the last of what is taken leaves the window; 0 for CONCURRENCY. `exceeded`: it would have been refused.
    """

    limit: Limit
    granted: int
    taken: int
    reset_ms: int
    exceeded: bool = False


class Grants(msgspec.Struct, frozen=True, gc=False):
    """The call is admitted. One standing for each limit, in their order; `now_ms` is the store's clock."""

    now_ms: int
    standings: Sequence[Standing]


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """The call is refused, and nothing was taken. `standings` of all limits, `refused` the indexes of those that
    refused; `retry_after_ms` is when enough may be left again, None where that cannot be told (CONCURRENCY) or never
    comes (more is asked for than the limit is)."""

    now_ms: int
    standings: Sequence[Standing]
    refused: Sequence[int]
    retry_after_ms: int | None


class Settlement(msgspec.Struct, frozen=True, gc=False):
    """The end of a call: what it had reserved is given back, and `charge` is booked, exactly once.

    `unreserved` are the limits, none perhaps, of a call that was let through while the store was away, in place of a
    reservation. It is None for every other call: what the store knows nothing of is then taken for settled already.
    """

    tenant: str
    call: str
    charge: Charge
    unreserved: Sequence[Limit] | None = None
