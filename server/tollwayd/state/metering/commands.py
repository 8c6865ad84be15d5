"""What the meter asks of the store."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.failpoint import failpoint
from tollwayd.core.metering.limits.limit import Grants
from tollwayd.state.metering.correction import corrections
from tollwayd.state.metering.payload import DAMAGED, MOVED_ON, NO_LIMITS, OVER, UNHELD, decision, limits_bytes

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from tollwayd.core.metering.limits.limit import Limit, Reservation
    from tollwayd.state.metering.clock import StoreClock
    from tollwayd.state.metering.command import Argument, Command

LEASE_MS: Final = 15_000
"""Until a call of which nothing was heard is booked as lost; running ones are heard of every few seconds."""

REAPED: Final = 100
"""Lost calls that one script books at most: a few milliseconds of the store's time."""

KNOWN_MS: Final = 6 * 24 * 3_600_000
"""How long a store that knows nothing of a call surely has not booked it as lost: a day less than it remembers that."""

_TURNS: Final = 5  # A window or a day ends while a command is under way once, and a clock is seldom set.


class Record(msgspec.Struct, array_like=True, frozen=True):
    """A settlement as it is kept on disk: its charge and its unreserved limits are the script's. `called_off`: the
    reservation is called off of which nobody knows whether it was taken, and nothing is booked. Until `open_until_ms`
    (Unix milliseconds) a store that knows nothing of the call has not booked it, but lost its hold, of `held`."""

    tenant: str
    call: str
    charge: bytes
    unreserved: bytes = b""
    called_off: bool = False
    open_until_ms: int = 0
    held: bytes = b""

    def at(self, now_ms: int) -> Record:
        """What is to be settled of it at a time: a call whose hold may be lost as one that had none."""
        return msgspec.structs.replace(self, unreserved=self.held) if now_ms < self.open_until_ms else self


class Sender(Protocol):
    """Takes commands to the server that has a tenant's keys, and knows that one's clock."""

    clock: StoreClock

    def send(self, tenant: str, command: Command) -> None: ...


class Asking(msgspec.Struct, eq=False):
    """A command whose answer is a future's. Whoever makes it sends it; it sends itself again where the day or a window
    has moved on meanwhile. A call makes two, hence Structs: they are made without a frame of Python's, four times as
    fast."""

    tenant: str
    future: asyncio.Future[Any]
    sender: Sender
    sends: int = 0
    detours: int = 0
    asking: bool = False
    wanted: bool = True
    turns: int = 0

    @abstractmethod
    def words(self, now_ms: int) -> tuple[Argument, ...]:
        """Its letter and its words, as of now (Unix milliseconds)."""

    def moved_on(self) -> None:
        if self.turns == _TURNS:
            self.failed(TollwayError(Reason.REASON_STORE_UNAVAILABLE))
        else:
            self.turns += 1
            self.sends -= 1  # This time it did nothing. If it was sent before, that time it may have.
            self.sender.send(self.tenant, self)

    def answered(self, answer: Any) -> None:
        if not self.future.done():
            self.future.set_result(answer)

    def failed(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Reserving(Asking, kw_only=True):
    """Takes a call's limits. The future's is what was decided."""

    reservation: Reservation
    lost: bytes

    def words(self, now_ms: int) -> tuple[Argument, ...]:
        asked = self.reservation
        limits = limits_bytes(asked.limits, now_ms) if asked.limits else NO_LIMITS
        return "R", asked.call, int(self.sends == 0), LEASE_MS, int(asked.dry), limits, self.lost

    def answered(self, answer: Any) -> None:
        if answer == MOVED_ON:
            self.moved_on()
        elif answer == OVER:
            # It was booked as lost, or called off: nothing that it does now would be charged.
            self.failed(TollwayError(Reason.REASON_STORE_UNAVAILABLE))
        elif not self.future.done():
            limits, now_ms = self.reservation.limits, self.sender.clock.heard_ms
            self.future.set_result(decision(answer, limits, now_ms) if limits else Grants(now_ms, ()))


class Holding(Reserving, kw_only=True):
    """Has a call held that no limit has to admit. `unheld` is called where that fails, with what failed."""

    unheld: Callable[[Holding, Reservation], None]

    def failed(self, error: Exception) -> None:
        self.unheld(self, self.reservation)
        super().failed(error)


class Settling(Asking, kw_only=True):
    """Books the end of a call. It is booked also when nobody waits for it any more.

    `call`, `charge`, `unreserved` and `called_off` are those of a Record. `keep`, where given, gets what the store does
    not take, in place of the future's failure. That is a ValueError where what the store has of the call is damaged: it
    can never be booked then. `held` are the limits that the call holds in the store, if it has a hold there and this is
    its first settlement: then it is booked even if the store has lost the hold.
    """

    call: str
    charge: bytes
    unreserved: bytes = b""
    called_off: bool = False
    keep: Callable[[Settling], None] | None = None
    held: Sequence[Limit] | None = None
    corrections: bytes | None = None
    """Where it was booked as lost: what is to be booked for that, maybe nothing."""

    @property
    def kept(self) -> Record:
        """What is to be kept of it."""
        record = Record(self.tenant, self.call, self.charge, self.unreserved, self.called_off)
        if self.held is None or self.sends or self.unreserved:
            return record
        now_ms = self.sender.clock.now_ms()
        return msgspec.structs.replace(record, open_until_ms=now_ms + KNOWN_MS, held=limits_bytes(self.held, now_ms))

    def words(self, now_ms: int) -> tuple[Argument, ...]:
        corrections = self.corrections
        wish = "corrected" if corrections is not None else "off" if self.called_off else ""
        first, had_hold = int(self.sends == 0), int(self.held is not None)
        return "S", self.call, first, self.charge, self.unreserved, wish, corrections or b"", had_hold

    def answered(self, answer: Any) -> None:
        if isinstance(answer, list):
            _, lost = answer
            self.corrections = corrections(lost, self.charge)
            self.sends = 0
            self.sender.send(self.tenant, self)
        elif answer == UNHELD:
            self.unreserved = limits_bytes(self.held or (), self.sender.clock.now_ms())
            self.sender.send(self.tenant, self)
        else:
            self.done()

    def done(self) -> None:
        """It is booked, or will be."""
        failpoint("meter.settled")
        if not self.future.done():
            self.future.set_result(None)

    def failed(self, error: Exception) -> None:
        if self.keep:
            self.keep(self)
        elif str(error.__cause__).startswith(DAMAGED):
            super().failed(ValueError("its record in the store is damaged"))
        else:
            super().failed(error)


class Checkpointing(Asking, kw_only=True):
    """Tells that a call runs. Nobody waits for it: the next one makes up for it."""

    call: str
    lost: bytes

    def words(self, now_ms: int) -> tuple[Argument, ...]:
        return "C", self.call, LEASE_MS, self.lost

    def failed(self, error: Exception) -> None:
        self.answered(None)


class Reaping(Asking):
    """Books lost calls."""

    def words(self, now_ms: int) -> tuple[Argument, ...]:
        return "L", "", REAPED
