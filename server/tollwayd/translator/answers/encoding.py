"""Answers compressed for those who ask for it: which, and in which content coding (RFC 9110, section 12.5.3).

What an attacker may learn from the length of a compressed answer (BREACH) is a secret that stands in many answers
beside text of the attacker's choice. An answer that holds a secret must not be stored by anybody on its way either, and
says so: `cache-control: no-store` goes out as it is. All others hold what their caller may know and, where a service
relays them, what its own upstream said; their lengths tell of that even uncompressed.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tollwayd.translator.answers.codings import CODINGS, GZIP
from tollwayd.translator.limits import COMPRESSORS_BYTES, MAX_ACCEPT_ENCODING
from tollwayd.translator.threads import fairly

if TYPE_CHECKING:
    from tollwayd.translator.answers.codings import Coding, Compressor
    from tollwayd.translator.request import Request

_VARY = "vary: accept-encoding\r\n"
_SAFE_METHODS = frozenset({"GET", "HEAD"})

# Connect's and gRPC-Web's streams have a compression of their own.
_WORTH = re.compile(
    r"^content-type: *(?:text/|application/(?:(?!connect\+|grpc)[\w.-]+\+)?(?:json|x-ndjson)\s*(?:;|\r))",
    re.IGNORECASE | re.MULTILINE,
)
# A strong entity tag names the very bytes (RFC 9110, section 8.8.3.3). Made weak it would be no good in an If-Match.
_AS_IT_IS = re.compile(
    r'^(?:content-encoding|content-digest|repr-digest|content-range):|^etag: *"'
    r"|^cache-control:.*\bno-(?:transform|store)\b",
    re.IGNORECASE | re.MULTILINE,
)

_ELEMENT = re.compile(r"([\w!#$%&'*+.^`|~-]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?", re.IGNORECASE)


class Encoding:
    """What one door compresses: whole answers of at least `least_bytes`, none where that is None, and `streams`."""

    __slots__ = ("_free_bytes", "_streams", "least_bytes")

    def __init__(self, least_bytes: int | None, *, streams: bool) -> None:
        self.least_bytes: Final = sys.maxsize if least_bytes is None else least_bytes
        self._streams: Final = streams
        self._free_bytes = COMPRESSORS_BYTES

    def concerns(self, request: Request, size: int) -> bool:
        """Whether a whole answer of this size may go out otherwise than it is: that is for `whole`."""
        return size >= self.least_bytes and ("accept-encoding" in request.headers or request.method in _SAFE_METHODS)

    async def whole(self, request: Request, headers: str, body: bytes) -> tuple[str, bytes]:
        """The header lines and the body of a large answer, compressed where the caller asks for it."""
        coding = _asked(request)
        if (coding is None and request.method not in _SAFE_METHODS) or not _is_compressible(headers):
            return headers, body
        if coding is None:
            return headers + _VARY, body
        return _encoded(headers, coding), await fairly(len(body), coding.whole, body)

    def fixed(self, request: Request, headers: str, body: bytes) -> tuple[str, bytes]:
        """As `whole`, for a body that is the same for all and of which there are few: it is compressed once."""
        coding = None if len(body) < self.least_bytes else _asked(request)
        if coding is None or not _is_compressible(headers):
            return headers, body
        return _encoded(headers, coding), _once(coding, body)

    def stream(self, request: Request, headers: str) -> tuple[str, EncodedStream | None]:
        """The header lines of a streamed answer, and what compresses its parts: None where they go out as they are."""
        if not self._streams or not (coding := _asked(request)) or not _is_compressible(headers):
            return headers, None
        if coding.held_bytes > self._free_bytes:
            return headers + _VARY, None
        return _encoded(headers, coding), EncodedStream(self, coding)

    def revalidated(self, headers: str) -> str:
        """The header lines of a 304: those of its 200 (RFC 9110, section 15.4.5)."""
        if self.least_bytes == sys.maxsize or not _is_compressible(headers):
            return headers
        return headers + _VARY

    def hold(self, count: int) -> None:
        """Takes `count` bytes of the memory for compressors, or gives them back where it is negative."""
        self._free_bytes -= count


class EncodedStream:
    """The parts of one streamed answer, compressed. `close` frees the memory; safe to repeat."""

    __slots__ = ("_compressor", "_encoding", "_held_bytes")

    def __init__(self, encoding: Encoding, coding: Coding) -> None:
        self._compressor: Compressor = coding.compressor()
        self._encoding: Final = encoding
        self._held_bytes = coding.held_bytes
        encoding.hold(self._held_bytes)

    def part(self, body: bytes) -> bytes:
        """A part, readable without what follows."""
        return self._compressor.part(body) if body else b""

    def end(self) -> bytes:
        """What ends the body."""
        return self._compressor.end()

    def close(self) -> None:
        """Frees the memory."""
        self._encoding.hold(-self._held_bytes)
        self._held_bytes = 0


def _asked(request: Request) -> Coding | None:
    """The coding that the caller would have; None where it has to be none."""
    accept = request.headers.get("accept-encoding", "")
    return chosen(accept) if 0 < len(accept) <= MAX_ACCEPT_ENCODING else None


@lru_cache(maxsize=64)
def chosen(accept: str) -> Coding | None:
    """The coding for this Accept-Encoding, of those that it likes best the cheapest; None where the body is to stay as
    it is, also where it refuses that: it can be read in any case, unlike a refusal's body that says so.
    """
    weights: dict[str, float] = {}
    for element in accept.lower().split(","):
        if found := _ELEMENT.fullmatch(element.strip(" \t")):
            weights[found[1]] = float(found[2] or "1")
    if "x-gzip" in weights:  # RFC 9110, section 8.4.1.3.
        weights.setdefault(GZIP.name, weights["x-gzip"])
    if "*" in weights:  # Whoever reads anything reads gzip.
        weights.setdefault(GZIP.name, weights["*"])
    best = max(CODINGS, key=lambda coding: weights.get(coding.name, 0.0))  # The first of equals.
    weight = weights.get(best.name, 0.0)
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else None


@lru_cache(maxsize=32)
def _once(coding: Coding, body: bytes) -> bytes:
    return coding.whole(body)


def _is_compressible(headers: str) -> bool:
    return _WORTH.search(headers) is not None and _AS_IT_IS.search(headers) is None


def _encoded(headers: str, coding: Coding) -> str:
    return f"{headers}{_VARY}content-encoding: {coding.name}\r\n"
