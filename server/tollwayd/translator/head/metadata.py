"""HTTP headers ↔ call metadata, and the deadline that a caller's headers set."""

from __future__ import annotations

import re
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Mapping

GRPC_TIMEOUT = "grpc-timeout"
SERVER_TIMEOUT = "x-server-timeout"
REQUEST_ID = "x-request-id"

# RFC 9110, section 7.6.1, and what belongs to the framing of one message.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_WRITTEN_BY_THE_DOOR = _HOP_BY_HOP | {"content-type", "date", "server", REQUEST_ID}
METADATA_PREFIX = "grpc-metadata-"
"""What grpc-gateway puts before names of metadata, in requests and answers."""
_PLAIN_CONNECTION = frozenset({"", "keep-alive", "close"})

_GRPC_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])")  # gRPC over HTTP/2, "Timeout".
_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_SERVER_TIMEOUT = re.compile(r"[0-9]{1,8}(\.[0-9]{1,9})?")

_KEPT_LETTERS = 128
"""Header names up to here are remembered. A thousand made-up ones of 8 KiB would be 16 MB that nobody gives back."""

_KEPT_LETTERS_OF_ALL = 1024
"""The same for the names of one request together."""

_NAME = re.compile(r"[a-z0-9!#$%&'*+.^`|~-]+")
_UNSAFE_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class _TooLongError(Exception):
    """The names of a request are too long to be remembered."""


def request_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """The request's headers as metadata: lower-case names, values of one name joined by commas (RFC 9110, section 5.3).

    So two of a header that there may be one of, two credentials say, are none: nobody chooses which of them counts.

    `grpc-metadata-x` becomes `x`, other `grpc-*` are the gRPC door's own; hop-by-hop headers end here, and so do names
    with an underscore, which proxies confuse with a hyphen.
    """
    metadata = dict(headers)
    for name in _strange(headers):
        value = metadata.pop(name)
        if other := _metadata_name(name) if len(name) <= _KEPT_LETTERS else _metadata_name.__wrapped__(name):
            metadata[other] = f"{metadata[other]}, {value}" if other in metadata else value
    connection = headers.get("connection", "")
    if connection.lower() not in _PLAIN_CONNECTION:
        for option in connection.lower().split(","):
            metadata.pop(option.strip(), None)
    return metadata


def _strange(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The names of headers that are not the same in metadata. Clients send the same names in every request."""
    names = tuple(headers)
    try:
        return _strange_of(names)
    except _TooLongError:
        return tuple(filter(_is_strange, names))


@lru_cache(maxsize=256)
def _strange_of(names: tuple[str, ...]) -> tuple[str, ...]:
    if sum(map(len, names)) > _KEPT_LETTERS_OF_ALL:
        raise _TooLongError  # Which the cache does not keep.
    return tuple(filter(_is_strange, names))


def _is_strange(name: str) -> bool:
    return "_" in name or name in _HOP_BY_HOP or name.startswith("grpc-")


def has_deadline(headers: Mapping[str, str]) -> bool:
    """Whether the caller says when the call has to be over."""
    return GRPC_TIMEOUT in headers or SERVER_TIMEOUT in headers


def deadline(headers: Mapping[str, str]) -> float | None:
    """When the call has to be over, in `time.monotonic()` seconds; None where the caller does not say.

    TollwayError where it cannot be read: a deadline that is passed over in silence is worse than a refusal.
    """
    if (text := headers.get(GRPC_TIMEOUT)) is not None:
        if not (parts := _GRPC_TIMEOUT.fullmatch(text)):
            raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "grpc-timeout is not 1 to 8 digits and one of HMSmun.")
        return time.monotonic() + int(parts[1]) * _UNITS[parts[2]]
    if (text := headers.get(SERVER_TIMEOUT)) is not None:
        if not _SERVER_TIMEOUT.fullmatch(text):
            raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "x-server-timeout is not a number of seconds.")
        return time.monotonic() + float(text)
    return None


def response_headers(metadata: Mapping[str, str], prefix: str = "") -> str:
    """Metadata that the server has declared, as header lines; ValueError for what would break out of its line.

    The headers that the door writes itself are left out.
    """
    lines = ""
    for name, value in metadata.items():
        if _is_declarable(name):
            lines += f"{prefix}{name}: {value if value.isprintable() else _checked(value)}\r\n"
    return lines


@lru_cache(maxsize=64)
def content_type_header(content_type: str) -> str:
    """The header line for a content type, none for an empty one; ValueError as in `response_headers`."""
    return f"content-type: {_checked(content_type)}\r\n" if content_type else ""


@lru_cache(maxsize=1024)
def _metadata_name(header: str) -> str:
    """The metadata name of a header, empty for one that stays outside."""
    name = header.lower().removeprefix(METADATA_PREFIX)
    return "" if "_" in name or name in _HOP_BY_HOP or name.startswith("grpc-") else name


@lru_cache(maxsize=1024)
def _is_declarable(name: str) -> bool:
    if not _NAME.fullmatch(name):
        raise ValueError("a response header has a name that HTTP has no room for")
    return name not in _WRITTEN_BY_THE_DOOR


def _checked(value: str) -> str:
    if _UNSAFE_VALUE.search(value):
        raise ValueError("a response header holds a control character")
    return value
