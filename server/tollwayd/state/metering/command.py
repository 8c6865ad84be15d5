"""What a pipeline carries: commands for the metering script, of which one run takes many."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, Protocol

from hiredis import pack_command

from tollwayd.state.metering.keys import MS_A_DAY
from tollwayd.state.metering.scripts import METERING, all_keys

Argument = str | bytes | int

MOST_HEADS: Final = 4_096
"""Beginnings of runs that are kept, of about 400 bytes: of so many tenants."""

_ASKING: Final = pack_command(("ASKING",))


class Command(Protocol):
    """One step of a tenant's metering. It must be safe to take twice: when a connection is lost, what has no answer is
    sent again.

    Pipelines count in `sends` how often it may have been taken, and in `detours` how often it was sent on. `asking` has
    it follow an ASKING, once, whose answer is left out. `wanted` tells whether it need be sent, where it was not yet.
    One of `answered`, `moved_on` and `failed` is called, once and from anywhere: they must not raise, and may send.
    """

    tenant: str
    sends: int
    detours: int
    asking: bool
    wanted: bool

    def words(self, now_ms: int) -> tuple[Argument, ...]:
        """Its letter and its words, as of now (Unix milliseconds by the store's clock)."""
        ...

    def answered(self, answer: Any) -> None:
        """Takes what the script gave it."""
        ...

    def moved_on(self) -> None:
        """Takes that nothing was done, as the day is another one."""
        ...

    def failed(self, error: Exception) -> None:
        """Takes that the store was away, or refused to do it."""
        ...


def packed(run: list[Command], now_ms: int, *, whole: bool) -> bytes:
    """One run of the script for commands of one tenant, by the script's digest or whole; counts that they are sent.
    A command that cannot be put into words fails, and is taken out of the run."""
    tenant, day, asking = run[0].tenant, now_ms // MS_A_DAY, run[0].asking
    words: list[Argument] = [day]
    mute: list[tuple[Command, Exception]] = []
    for command in run:
        try:
            words += command.words(now_ms)
        except Exception as error:  # noqa: BLE001  # A defect in one must not keep the others waiting for ever.
            mute.append((command, error))
        else:
            command.sends += 1
    for command, why in mute:
        run.remove(command)
        command.failed(why)
    count, head = _beginning(("EVAL", METERING.source), tenant, day) if whole else _head(METERING.digest, tenant, day)
    sent = b"*%d\r\n%b%b" % (count + len(words), head, _items(tuple(words)))
    return _ASKING + sent if asking else sent


@lru_cache(MOST_HEADS)
def _head(digest: str, tenant: str, day: int) -> tuple[int, bytes]:
    """How many words a run begins with, and these."""
    return _beginning(("EVALSHA", digest), tenant, day)


def _beginning(run: tuple[str, str], tenant: str, day: int) -> tuple[int, bytes]:
    keys = all_keys(tenant, day)
    words: tuple[Argument, ...] = (*run, len(keys), *keys)
    return len(words), _items(words)


def _items(words: tuple[Argument, ...]) -> bytes:
    """Words as they stand in a command behind the number of all of them."""
    sent: bytes = pack_command(words)  # type: ignore[arg-type]  # Its stub says that there is one word only.
    return sent[sent.index(b"\n") + 1 :]
