"""How long the gateway waits for a provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tollway.admin.v1.providers_pb2 import Timeouts as TimeoutsMessage


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The time limits of one exchange, in seconds. The defaults are those that `tollway.admin.v1.Timeouts` names.

    `connect` is for a connection, name lookup and TLS included; `first_byte` from the request's end to the answer's
    head; `idle` between two pieces of the answer; `total` for the whole exchange, from sending to the body's end.
    """

    connect: float = 5.0
    first_byte: float = 120.0
    idle: float = 60.0
    total: float = 600.0

    @classmethod
    def of(cls, message: TimeoutsMessage) -> Timeouts:
        """Those that a provider's configuration gives, and the defaults of the others."""
        # Not by way of timedelta, whose range is smaller than a stored Duration's.
        return cls(**{field.name: value.seconds + value.nanos / 1e9 for field, value in message.ListFields()})
