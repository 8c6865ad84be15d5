"""What the mock must know of a wire format. It shares nothing with the gateway's own dialects, so that no mistake can
stand on both sides of a test and go unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tollwayd.mock.exchange import Asked, RequestError, Said
    from tollwayd.mock.journal import Received
    from tollwayd.mock.script import DialectName, Error, Operation

CREATED = 1_767_225_600
"""When every answer was made, in Unix seconds: answers are the same at every run."""

encode = msgspec.json.Encoder().encode


class Dialect(Protocol):
    """One vendor's wire format, from the provider's side."""

    name: DialectName

    def key(self, received: Received) -> str:
        """The credential that came with a request, empty where none did."""
        ...

    def denial(self, key: str) -> RequestError:
        """What the vendor says to this credential, or to none."""
        ...

    def read(self, received: Received, operation: Operation) -> Asked:
        """The request. RequestError where the vendor would refuse it."""
        ...

    def whole(self, said: Said, asked: Asked) -> object:
        """A whole answer's JSON, or a count of tokens where that was asked."""
        ...

    def lines(self, said: Said, asked: Asked) -> list[bytes]:
        """A streamed answer's events, as JSON without framing."""
        ...

    def framed(self, lines: Sequence[bytes], asked: Asked, *, ended: bool = True) -> list[bytes]:
        """Events as they stand on the wire, with the mark of the end where the vendor has one and the stream `ended`."""
        ...

    def stream_type(self, asked: Asked) -> str:
        """A stream's content type."""
        ...

    def listing(self, models: Sequence[str]) -> object:
        """The answer to a list of models."""
        ...

    def error(self, status: int, error: Error, headers: Mapping[str, str]) -> object:
        """An error's JSON, alone or as an event. `headers` are those that it is sent with."""
        ...

    def headers(self, number: int) -> dict[str, str]:
        """What the vendor adds to every answer."""
        ...


def bearer(received: Received) -> str:
    """The token in `Authorization: Bearer`."""
    scheme, _, token = received.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""
