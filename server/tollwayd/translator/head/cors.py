"""Cross-origin requests (Fetch, section 3.3): which pages' scripts may call this door and read what it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tollwayd.translator.request import Request


ANY_ORIGIN: Final = "*"

MAX_ORIGINS: Final = 100
"""Of a policy: more belong under a wildcard, or behind a proxy that knows them."""

MAX_REQUESTED_HEADERS: Final = 64
"""Names in a preflight; a request has 128 fields at most, and half of them are the browser's."""

EXPOSED: Final = (
    "x-request-id",
    "etag",
    "retry-after",
    "www-authenticate",
    "grpc-status",
    "grpc-message",
    "grpc-status-details-bin",
)
"""Headers that scripts read of every answer. Those of calls and trailers have names that nobody knows here: `*` is for
them, which browsers take as a wildcard in requests without credentials of their own (Fetch, section 3.3.2)."""

_WILDCARD: Final = "*."
_ORIGIN: Final = re.compile(r"([a-z][a-z0-9+.-]*)://((?:\*\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_FIELD_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")  # RFC 9110, section 5.1.
_LABELS: Final = r"(?:[a-z0-9_-]+\.)+"


@dataclass(frozen=True, slots=True)
class Cors:
    """A policy. `origins` are as `parse_origin` takes them; ValueError where one cannot be read, or there are too many.

    `allow_credentials` lets browsers send cookies and certificates; credentials in headers need no leave. `max_age` is
    how many seconds a browser keeps the answer to a preflight. `exposed` are further response headers for scripts.
    """

    origins: tuple[str, ...]
    allow_credentials: bool = False
    max_age: int = 7200
    exposed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.origins) > MAX_ORIGINS:
            raise ValueError(f"there may be {MAX_ORIGINS} origins at most")
        parsed = tuple(map(parse_origin, self.origins))
        if self.allow_credentials and ANY_ORIGIN in parsed:
            raise ValueError("every page of the web would act as its visitor: with credentials name the origins")
        if not all(map(_FIELD_NAME.fullmatch, self.exposed)):
            raise ValueError("an exposed header has a name that HTTP has no room for")
        object.__setattr__(self, "origins", parsed)


def parse_origin(text: str) -> str:
    """An origin as browsers write it: `https://app.example.com:8443`, `https://*.example.com` for every host below, or
    `*` for all. ValueError for anything else.
    """
    origin = text.lower()
    if origin == ANY_ORIGIN:
        return origin
    if not (parts := _ORIGIN.fullmatch(origin)):
        raise ValueError(
            "an origin is written https://app.example.com, without a path; https://*.example.com for all hosts below,"
            " or * for every page"
        )
    scheme, host, port = parts.groups()
    return f"{scheme}://{host}" if port in {None, _DEFAULT_PORTS.get(scheme)} else f"{scheme}://{host}:{port}"


class CrossOrigin:
    """A policy, compiled. What it gives are header lines."""

    __slots__ = ("_any", "_max_age", "_origins", "_rest", "_wildcards")

    def __init__(self, policy: Cors) -> None:
        self._any: Final = ANY_ORIGIN in policy.origins
        self._origins: Final = frozenset(policy.origins)
        self._wildcards: Final = re.compile("|".join(map(_pattern, policy.origins)) or "(?!)")
        exposed = ", ".join((*EXPOSED, *policy.exposed, *(() if policy.allow_credentials else ("*",))))
        credentials = "access-control-allow-credentials: true\r\n" if policy.allow_credentials else ""
        self._rest: Final = f"{credentials}access-control-expose-headers: {exposed}\r\n"
        self._max_age: Final = f"access-control-max-age: {policy.max_age}\r\n"

    def lines(self, origin: str | None) -> str:
        """What every answer to a request of this origin says. To others nothing is refused: their browsers keep the
        answer from them.
        """
        if self._any:
            return f"access-control-allow-origin: *\r\n{self._rest}" if origin else ""
        if origin and self.allows(origin):
            return f"vary: origin\r\naccess-control-allow-origin: {origin}\r\n{self._rest}"
        return "vary: origin\r\n"

    def preflight(self, request: Request, allow: Iterable[str]) -> str | None:
        """What the answer to a preflight says beside `lines`: the path's HTTP methods, and the headers that the page
        asks for. None for another request, or of a page that may not call.
        """
        headers = request.headers
        wanted = headers.get("access-control-request-method")
        if request.method != "OPTIONS" or wanted is None or not self.allows(headers.get("origin", "")):
            return None
        names = _names(headers.get("access-control-request-headers", ""))
        allowed = f"access-control-allow-headers: {', '.join(names)}\r\n" if names else ""
        return f"access-control-allow-methods: {', '.join(allow)}\r\n{allowed}{self._max_age}"

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may call."""
        return origin in self._origins or (self._any and origin != "") or self._wildcards.fullmatch(origin) is not None


def _pattern(origin: str) -> str:
    scheme, _, host = origin.partition("://")
    if not host.startswith(_WILDCARD):
        return re.escape(origin)
    return re.escape(f"{scheme}://") + _LABELS + re.escape(host.removeprefix(_WILDCARD))


def _names(value: str) -> list[str]:
    """The header names of a list; none of them where one is not a name, or there are too many."""
    names = [stripped for each in value.split(",", MAX_REQUESTED_HEADERS) if (stripped := each.strip())]
    fit = len(names) <= MAX_REQUESTED_HEADERS and all(map(_FIELD_NAME.fullmatch, names))
    return names if fit else []
