"""One script that is to be run, as a pipeline carries it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from hiredis import pack_command

from tollwayd.state.metering.scripts import all_keys

if TYPE_CHECKING:
    from tollwayd.state.script import Script

Argument = str | bytes | int

MOST_HEADS: Final = 4_096
"""Beginnings of commands that are kept, of about 400 bytes: of the scripts of a thousand tenants."""

_ASKING: Final = pack_command(("ASKING",))


class Command(Protocol):
    """A script to run. It must be safe to run twice: when a connection is lost, what has no answer is sent again.

    Pipelines count in `sends` how often it may have run, and in `detours` how often it was sent on. `asking` has it
    follow an ASKING, once, whose answer is left out. Exactly one of `answered` and `failed` is called, at once and from
    anywhere: they must not raise, and may send.
    """

    tenant: str
    sends: int
    detours: int
    asking: bool

    @property
    def script(self) -> Script:
        """The script."""
        ...

    @property
    def wanted(self) -> bool:
        """Whether it need be sent, where it was not yet."""
        ...

    def words(self) -> tuple[int, tuple[Argument, ...]]:
        """The day that its keys are of (UTC, counted from the Unix epoch) and its arguments, as of now. A last argument
        is added: 1 where it is surely sent the first time."""
        ...

    def answered(self, answer: Any) -> None:
        """Takes what the script gave."""
        ...

    def failed(self, error: Exception) -> None:
        """Takes that the store was away, or refused to run it."""
        ...


def packed(command: Command, *, whole: bool) -> bytes:
    """The command as it is sent, by the script's digest or whole, and counts that."""
    day, arguments = command.words()
    words = (*arguments, int(command.sends == 0))
    command.sends += 1
    if whole:
        head = _beginning(("EVAL", command.script.source), command.tenant, day, len(words))
    else:
        head = _head(command.script.digest, command.tenant, day, len(words))
    sent = head + _items(words)
    return _ASKING + sent if command.asking else sent


@lru_cache(MOST_HEADS)
def _head(digest: str, tenant: str, day: int, arguments: int) -> bytes:
    """What a command begins with that runs a script with so many arguments, by its digest: most of its words."""
    return _beginning(("EVALSHA", digest), tenant, day, arguments)


def _beginning(run: tuple[str, str], tenant: str, day: int, arguments: int) -> bytes:
    keys = all_keys(tenant, day)
    words: tuple[Argument, ...] = (*run, len(keys), *keys)
    return b"*%d\r\n" % (len(words) + arguments) + _items(words)


def _items(words: tuple[Argument, ...]) -> bytes:
    """Words as they stand in a command behind the number of all of them."""
    sent: bytes = pack_command(words)  # type: ignore[arg-type]  # Its stub says that there is one word only.
    return sent[sent.index(b"\n") + 1 :]
