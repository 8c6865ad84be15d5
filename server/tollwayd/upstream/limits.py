"""What the HTTP client allows a provider and itself."""

from __future__ import annotations

from dataclasses import dataclass

MAX_BODY_BYTES = 64 * 1024 * 1024
"""The largest answer that is read whole; base64 images and batches of embeddings stay well below it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one client. Sizes in bytes, times in seconds.

    `head_bytes` and `head_fields` bound an answer's head together with its trailer. `buffered_bytes` is how much of a
    body waits for its reader before the socket is left unread; one read of the event loop (256 KiB) may come on top.
    `idle_connections` are kept per origin and `idle_connections_in_all` over all, each for `idle_seconds`: below the
    60 s after which common load balancers close. `connection_age` bounds how long a connection stays in use, so that
    its address is looked up and judged again. `stale_seconds` is how soon after a request's sending a close counts as
    the keep-alive race: that close was under way before, so it comes within a round trip.
    """

    head_bytes: int = 64 * 1024
    head_fields: int = 100
    buffered_bytes: int = 256 * 1024
    idle_connections: int = 256
    idle_connections_in_all: int = 2048
    idle_seconds: float = 30.0
    connection_age: float = 300.0
    stale_seconds: float = 1.0


DEFAULT_LIMITS = Limits()
"""The limits where nobody chose others."""
