"""What the meter asks of the store."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.failpoint import failpoint
from tollwayd.state.metering.correction import corrections
from tollwayd.state.metering.payload import DAMAGED, MOVED_ON, OVER, UNHELD, decision, limits_bytes

if TYPE_CHECKING:
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


class Asking(ABC):
    """A command whose answer is a future's. Sends itself again where the day or a window has moved on meanwhile."""

    __slots__ = ("_send", "_turns", "asking", "detours", "future", "sends", "tenant")

    def __init__(self, tenant: str, send: Callable[[str, Command], None]) -> None:
        self.tenant = tenant
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.sends = 0
        self.detours = 0
        self.asking = False
        self._send = send
        self._turns = 0
        send(tenant, self)

    @property
    def wanted(self) -> bool:
        return not self.future.cancelled()

    @abstractmethod
    def words(self, now_ms: int) -> tuple[Argument, ...]:
        """Its letter and its words, as of now (Unix milliseconds)."""

    def moved_on(self) -> None:
        if self._turns == _TURNS:
            self.failed(TollwayError(Reason.REASON_STORE_UNAVAILABLE))
        else:
            self._turns += 1
            self.sends -= 1  # This time it did nothing. If it was sent before, that time it may have.
            self._send(self.tenant, self)

    def answered(self, answer: Any) -> None:
        if not self.future.done():
            self.future.set_result(answer)

    def failed(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Reserving(Asking):
    """Takes a call's limits. The future's is what was decided."""

    __slots__ = ("_clock", "_lost", "_reservation")

    def __init__(
        self, reservation: Reservation, lost: bytes, clock: StoreClock, send: Callable[[str, Command], None]
    ) -> None:
        self._reservation = reservation
        self._lost = lost
        self._clock = clock
        super().__init__(reservation.tenant, send)

    def words(self, now_ms: int) -> tuple[Argument, ...]:
        asked = self._reservation
        limits = limits_bytes(asked.limits, now_ms)
        return "R", asked.call, int(self.sends == 0), LEASE_MS, int(asked.dry), limits, self._lost

    def answered(self, answer: Any) -> None:
        if answer == MOVED_ON:
            self.moved_on()
        elif answer == OVER:
            # It was booked as lost, or called off: nothing that it does now would be charged.
            self.failed(TollwayError(Reason.REASON_STORE_UNAVAILABLE))
        elif not self.future.done():
            self.future.set_result(decision(answer, self._reservation.limits, self._clock.heard_ms))


class Holding(Reserving):
    """Has a call held that no limit has to admit. `unheld` is called where that fails, with what failed."""

    __slots__ = ("_unheld",)

    def __init__(
        self,
        reservation: Reservation,
        lost: bytes,
        clock: StoreClock,
        send: Callable[[str, Command], None],
        unheld: Callable[[Holding, Reservation], None],
    ) -> None:
        self._unheld = unheld
        super().__init__(reservation, lost, clock, send)

    def failed(self, error: Exception) -> None:
        self._unheld(self, self._reservation)
        super().failed(error)


class Settling(Asking):
    """Books the end of a call. It is booked also when nobody waits for it any more.

    `keep`, where given, gets what the store does not take, in place of the future's failure. That is a ValueError where
    what the store has of the call is damaged: it can never be booked then. `held` are the limits that
    the call holds in the store, if it has a hold there and this is its first settlement: then it is booked even if the
    store has lost the hold.
    """

    __slots__ = ("_clock", "_corrections", "_keep", "_wish", "held", "record")

    def __init__(
        self,
        record: Record,
        clock: StoreClock,
        send: Callable[[str, Command], None],
        keep: Callable[[Settling], None] | None = None,
    ) -> None:
        self.record = record
        self._clock = clock
        self._wish = "off" if record.called_off else ""
        self._corrections = b""
        self._keep = keep
        self.held: Sequence[Limit] | None = None
        super().__init__(record.tenant, send)

    @property
    def wanted(self) -> bool:
        return True

    @property
    def kept(self) -> Record:
        """What is to be kept of it."""
        if self.held is None or self.sends or self.record.unreserved:
            return self.record
        now_ms = self._clock.now_ms()
        return msgspec.structs.replace(
            self.record, open_until_ms=now_ms + KNOWN_MS, held=limits_bytes(self.held, now_ms)
        )

    def words(self, now_ms: int) -> tuple[Argument, ...]:
        record, first, had_hold = self.record, int(self.sends == 0), int(self.held is not None)
        return "S", record.call, first, record.charge, record.unreserved, self._wish, self._corrections, had_hold

    def answered(self, answer: Any) -> None:
        if isinstance(answer, list):
            _, lost = answer
            self._wish, self._corrections = "corrected", corrections(lost, self.record.charge)
            self.sends = 0
            self._send(self.tenant, self)
            return
        if answer == UNHELD:
            unreserved = limits_bytes(self.held or (), self._clock.now_ms())
            self.record = msgspec.structs.replace(self.record, unreserved=unreserved)
            self._send(self.tenant, self)
            return
        self.done()

    def done(self) -> None:
        """It is booked, or will be."""
        failpoint("meter.settled")
        super().answered(None)

    def failed(self, error: Exception) -> None:
        if self._keep:
            self._keep(self)
        elif str(error.__cause__).startswith(DAMAGED):
            super().failed(ValueError("its record in the store is damaged"))
        else:
            super().failed(error)


class Checkpointing(Asking):
    """Tells that a call runs. Nobody waits for it: the next one makes up for it."""

    __slots__ = ("_call", "_lost")

    def __init__(self, tenant: str, call: str, lost: bytes, send: Callable[[str, Command], None]) -> None:
        self._call = call
        self._lost = lost
        super().__init__(tenant, send)

    def words(self, now_ms: int) -> tuple[Argument, ...]:
        return "C", self._call, LEASE_MS, self._lost

    def failed(self, error: Exception) -> None:
        self.answered(None)


class Reaping(Asking):
    """Books lost calls."""

    __slots__ = ()

    def words(self, now_ms: int) -> tuple[Argument, ...]:
        return "L", "", REAPED
