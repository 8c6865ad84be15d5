"""The REST door's limits on what a caller may make it hold, and how long."""

from __future__ import annotations

from dataclasses import dataclass

MAX_BODY_BYTES = 32 * 1024 * 1024
"""A request body, where a door is not told otherwise: a few images in base64."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds. The defaults are an edge's: anybody can reach the port before any credential.

    `head`: from a head's first byte to its last. Slow heads are the cheapest way to hold connections.
    `idle`: a connection between requests; longer than the 60 s after which load balancers drop theirs, so that
    none sends a request into a connection that is just being closed.
    `body_grace`, `body`: a body gets the grace, and a second more for every MIN_BODY_RATE bytes that have come, but in
    all no longer than `body`.
    `stream_idle`: a request stream of which nothing comes; its caller may have left without a word.
    `stalled_answer`: an answer of which the client takes nothing; more than a phone's change of network.
    `pulse`: a streamed answer without a word, before it shows that it lives; balancers cut it after a minute.
    `drain_pause`: how long a stopping door keeps serving old connections, for requests that are under way to it.
    """

    head: float = 10.0
    idle: float = 75.0
    body_grace: float = 10.0
    body: float = 60.0
    stream_idle: float = 300.0
    stalled_answer: float = 60.0
    pulse: float = 15.0
    drain_pause: float = 1.0


MIN_BODY_RATE = 1024
"""Bytes a second that a body has to come at, once its grace is over."""


MAX_LINE_BYTES = 8190
"""The request line: what other servers take (Apache and nginx: 8 KiB)."""

MAX_FIELD_BYTES = 8192
"""Each header field: the same, but not by the byte, so that aiohttp's error tells which of the two it was."""

MAX_HEADERS = 128
"""Header fields of a request; browsers send about 20, a chain of proxies adds as many."""

LINGER_SECONDS = 2.0
"""How long the unread body of an answered request is read and thrown away before its connection is closed: closed at
once, TCP would reset it, and the client might lose the answer that says why."""

MAX_CONNECTIONS = 10_000
"""Open connections of a door, where it is not told otherwise: 50 MB of idle ones."""

BACKLOG = 1024
"""Connections that wait to be accepted, for bursts of reconnecting clients."""

THREAD_BYTES = 64 * 1024
"""JSON bodies above this are read in a thread: 2 MB of small fields would hold up every other call for 50 ms."""

LEAST_COMPRESSED_BYTES = 1024
"""A whole answer below this goes out as it is: it fits into one packet either way."""

COMPRESSORS_BYTES = 4 * 1024 * 1024
"""What the compressors of one door's streams may hold together, 42 streams by zstd or 113 by gzip; streams beyond that
go out as they are."""

MAX_ACCEPT_ENCODING = 256
"""Letters of an Accept-Encoding that is read; browsers send 30. What was made of the last 64 is kept."""

TURN_BYTES = 64 * 1024
"""What a connection may bring at once before the others have their turn: a megabyte of tiny frames or chunks takes a
tenth of a second."""
