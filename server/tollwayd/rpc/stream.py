"""One gRPC call as its method sees it, whatever listener it came by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

Pairs = tuple[tuple[str, str | bytes], ...]
"""Metadata as gRPC has it. What names in `-bin` hold is bytes."""


class Stream(Protocol):
    """Messages in; out either `begin`, any number of messages, and `finish`; or `abort`, also after any of them.

    All but `begin` may raise CancelledError: the client has left. Nobody is there to be told then.
    """

    @property
    def metadata(self) -> Mapping[str, str]:
        """As the REST door has it: values of one name joined by commas, those of names in `-bin` in base64."""

    @property
    def peer(self) -> str:
        """The client's IP address."""

    @property
    def deadline(self) -> float | None:
        """In `time.monotonic()` seconds, None where there is none."""

    async def read(self) -> bytes | None:
        """The next message, None behind the last one; TollwayError for one that is not taken here."""

    def begin(self, metadata: Pairs) -> None:
        """The head of the answer, which goes out with what follows it."""

    def put(self, message: bytes, /) -> bool:
        """Sends a message if there is room for it now; whether there was."""

    async def write(self, message: bytes) -> None:
        """Sends a message, and waits while the client does not take it."""

    async def finish(self, trailers: Pairs, message: bytes | None = None) -> None:
        """Sends the last message, if there is one, and the status of success."""

    async def abort(self, code: int, text: str, trailers: Pairs) -> None:
        """Sends a status of failure. It may raise what the listener is then to be given."""
