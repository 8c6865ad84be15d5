"""What the mock must know of a wire format. It shares nothing with the gateway's own dialects, so that no mistake can
stand on both sides of a test and go unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollwayd.mock.exchange import Asked, Failure, RequestError, Said
    from tollwayd.mock.journal import Received
    from tollwayd.mock.script import DialectName, Operation

CREATED = 1_767_225_600
"""When every answer was made, in Unix seconds: answers are the same at every run."""

encode = msgspec.json.Encoder().encode


class Dialect(Protocol):
    """One vendor's wire format, from the provider's side."""

    @property
    def name(self) -> DialectName:
        """As the gateway's configuration names it."""
        ...

    @property
    def request_id_header(self) -> str:
        """The header in which the vendor names the request, empty where it does not."""
        ...

    def key(self, received: Received) -> str:
        """The credential that came with a request, empty where none did."""
        ...

    def denial(self, key: str) -> RequestError:
        """What the vendor says to a wrong credential, or to none."""
        ...

    def read(self, received: Received, operation: Operation) -> Asked:
        """The request. RequestError where the vendor would refuse it."""
        ...

    def whole(self, said: Said) -> object:
        """A whole answer's JSON, or a count of tokens where that was asked."""
        ...

    def lines(self, said: Said) -> list[bytes]:
        """A streamed answer's events, as JSON without framing."""
        ...

    def listing(self, models: Sequence[str]) -> object:
        """The JSON of a list of models."""
        ...

    def error(self, failure: Failure) -> object:
        """An error's JSON, for a body or for an event."""
        ...


def bearer(received: Received) -> str:
    """The token in `Authorization: Bearer`."""
    scheme, _, token = received.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""
