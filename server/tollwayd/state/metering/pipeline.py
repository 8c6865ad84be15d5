"""Commands to one Redis server, in their order: those that wait in the same moment share one round trip."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from hiredis import ReplyError

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state.metering.command import packed
from tollwayd.state.metering.link import Link
from tollwayd.state.outage import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio.connection import AbstractConnection

    from tollwayd.state.metering.clock import StoreClock
    from tollwayd.state.metering.command import Command

    Run = list[Command]

BATCH: Final = 500
"""Commands that are sent at once. They keep the server busy for some milliseconds."""

RUN: Final = 100
"""Commands of one run of the script at most: nobody else is served meanwhile, for a millisecond or so."""

SENDS: Final = 4
"""How often a command is sent at most: one that breaks every connection must not keep the others waiting for ever."""

_ASKED: Final = None  # Stands for the answer to an ASKING.

_ELSEWHERE: Final = ("MOVED ", "ASK ", "TRYAGAIN ", "CLUSTERDOWN ")

# The server is there and cannot work: it loads its data, was a master until now, or waits for one. Redis 6 has words of
# its own before that of an error within a script.
_AWAY: Final = re.compile(r"(?:^|[ -])(LOADING|READONLY|MASTERDOWN|BUSY|NOREPLICAS|UNBLOCKED) ")

_logger = logging.getLogger(__name__)


class Pipeline:
    """The commands of one process to one server.

    A batch at a time: what is sent meanwhile is the next batch, so that the busier the process is, the fewer of its
    calls wait for a round trip of their own. What a batch has of one tenant goes in one run of the script.
    `make_connection` gives an unconnected connection of redis-py. `tell` gets a tenant and what thresholds a run has
    reached. `elsewhere` gets a command that the server answered with MOVED, ASK, TRYAGAIN or CLUSTERDOWN, and that
    text; it takes it over (True) or lets it fail. `on_down` is called when the server is given up.
    """

    def __init__(
        self,
        make_connection: Callable[[], AbstractConnection],
        clock: StoreClock,
        tell: Callable[[str, Sequence[Any]], None],
        elsewhere: Callable[[Command, str], bool],
        on_down: Callable[[], None],
    ) -> None:
        self._queue: deque[Command] = deque()
        self._sent: deque[Run | None] = deque()
        self._unknown = False  # The script, to the server.
        self._clock = clock
        self._tell = tell
        self._elsewhere = elsewhere
        self._on_down = on_down
        self._flushing = False
        self._idle: asyncio.Event | None = None
        self._link = Link(make_connection, self._take, self._go_on, self._lost, self._given_up)

    @property
    def is_up(self) -> bool:
        """Whether commands are sent, not failed at once."""
        return self._link.is_up

    def send(self, command: Command) -> None:
        """Has a command sent. While the server is away it fails at once."""
        if not self._link.is_up:
            command.failed(TollwayError(Reason.REASON_STORE_UNAVAILABLE))
            return
        self._queue.append(command)
        if not (self._sent or self._flushing):
            self._plan()

    async def drained(self) -> None:
        """Waits for what is under way, as long as the server answers."""
        while self._queue or self._sent:
            self._idle = asyncio.Event()
            await self._idle.wait()

    def close(self) -> None:
        """Closes the connection; what is under way fails."""
        self._link.close()
        self._down()

    def _plan(self) -> None:
        # Not at once: others that run in this turn of the loop may have something to send, too.
        self._flushing = True
        asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        wire = self._link.wire()
        if wire is None or self._sent:
            return
        runs = self._next_runs()
        if runs:
            now_ms = self._clock.now_ms()
            wire.write(b"".join([self._packed(run, now_ms) for run in runs]))
            self._link.expect()
        else:
            self._go_on()

    def _next_runs(self) -> Sequence[Run]:
        """The next batch, in runs: a tenant's commands in their order. Those of different tenants know of no order."""
        queue = self._queue
        runs: list[Run] = []
        filling: dict[tuple[str, bool], Run] = {}
        for _ in range(min(len(queue), BATCH)):
            command = queue.popleft()
            if command.sends or command.wanted:
                key = command.tenant, command.asking
                run = filling.get(key)
                if run is None or len(run) == RUN:
                    run = filling[key] = []
                    runs.append(run)
                run.append(command)
        return runs

    def _packed(self, run: Run, now_ms: int) -> bytes:
        whole, self._unknown = self._unknown, False  # The first of a batch teaches the server for all.
        if run[0].asking:
            self._sent.append(_ASKED)
        self._sent.append(run)
        return packed(run, now_ms, whole=whole)

    def _take(self, replies: list[Any]) -> None:
        again: list[Command] = []
        for reply in replies:
            if not self._sent:  # An earlier one told that the server is away: all have failed.
                break
            run = self._sent.popleft()
            if run is _ASKED:
                continue
            if isinstance(reply, ReplyError):
                for command in run:
                    self._refused(command, reply, again)
            else:
                self._answered(run, reply, again)
        self._queue.extendleft(reversed(again))
        if not self._link.is_up:
            self._down()
        elif self._sent:
            self._link.expect()
        else:
            self._link.rest()
            self._go_on()

    def _answered(self, run: Run, reply: list[Any], again: list[Command]) -> None:
        now_ms, told, *answers = reply
        self._clock.hear(now_ms)
        if not answers:
            for command in run:
                command.moved_on()
            return
        for command, answer in zip(run, answers, strict=True):
            if isinstance(answer, ReplyError):
                self._refused(command, answer, again)
                continue
            try:
                command.answered(answer)
            except Exception as error:
                # What cannot be read is a damaged record in the store: it fails that command alone, and for good.
                _logger.exception("An answer of the metering store cannot be read.")
                command.failed(ValueError(str(error)))
        if told:
            try:
                self._tell(run[0].tenant, told)
            except Exception:
                _logger.exception("Thresholds that were reached cannot be told.")

    def _refused(self, command: Command, error: ReplyError, again: list[Command]) -> None:
        text = str(error)
        command.asking = False
        if text.startswith("NOSCRIPT"):
            command.sends -= 1  # It surely did not run.
            self._unknown = True
            again.append(command)
        elif text.startswith(_ELSEWHERE):
            command.sends -= 1  # The same.
            if not self._elsewhere(command, text):
                command.failed(_unavailable(error))
        elif _AWAY.search(text):
            command.failed(_unavailable(error))
            self._link.give_up()
        else:
            _logger.error("The metering store refuses a command: %s.", refusal(error))
            command.failed(_unavailable(error))

    def _go_on(self) -> None:
        if self._queue:
            if not (self._sent or self._flushing):
                self._plan()
        elif self._idle:
            self._idle.set()

    def _lost(self) -> None:
        # What was sent may have been done or not; it is sent again before everything else, in its order.
        sent = [command for run in self._sent if run is not _ASKED for command in run]
        self._sent.clear()
        self._queue.extendleft(reversed([command for command in sent if command.sends < SENDS]))
        for command in sent:
            if command.sends >= SENDS:
                command.failed(TollwayError(Reason.REASON_STORE_UNAVAILABLE))

    def _down(self) -> None:
        waiting = [command for run in (*self._sent, self._queue) if run is not _ASKED for command in run]
        self._sent.clear()
        self._queue.clear()
        for command in waiting:
            command.failed(TollwayError(Reason.REASON_STORE_UNAVAILABLE))
        self._go_on()

    def _given_up(self) -> None:
        self._down()
        self._on_down()


def _unavailable(error: Exception) -> TollwayError:
    unavailable = TollwayError(Reason.REASON_STORE_UNAVAILABLE)
    unavailable.__cause__ = error
    return unavailable
