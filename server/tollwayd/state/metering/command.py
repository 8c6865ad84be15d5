"""One script that is to be run, as a pipeline carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from hiredis import pack_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.state.script import Script

Argument = str | bytes | int

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

    def words(self) -> tuple[Sequence[str], tuple[Argument, ...]]:
        """Its keys and its arguments, as of now. A last argument is added: 1 where it is surely sent the first time."""
        ...

    def answered(self, answer: Any) -> None:
        """Takes what the script gave."""
        ...

    def failed(self, error: Exception) -> None:
        """Takes that the store was away, or refused to run it."""
        ...


def packed(command: Command, *, whole: bool) -> bytes:
    """The command as it is sent, by the script's digest or whole, and counts that."""
    keys, arguments = command.words()
    script, first = command.script, command.sends == 0
    command.sends += 1
    name, text = ("EVAL", script.source) if whole else ("EVALSHA", script.digest)
    words = (name, text, len(keys), *keys, *arguments, int(first))
    sent: bytes = pack_command(words)  # type: ignore[arg-type]  # Its stub says that there is one word only.
    return _ASKING + sent if command.asking else sent
