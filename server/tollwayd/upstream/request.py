"""Writes the head of a request: its line and its headers, such that no value can become a header of its own."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tollwayd.core.origin import Origin

try:
    _VERSION = version("tollway")
except PackageNotFoundError:  # Run from the sources, not installed.
    _VERSION = "source"

MAX_HEAD_BYTES = 32 * 1024
"""The largest head that is sent; servers refuse heads of 8 to 32 KiB themselves, and blame the gateway."""

_LINE = re.compile(r"[A-Z]+ /[!-~]* HTTP/1\.1\r\n")
# RFC 9110, sections 5.1 and 5.5: a token, then visible characters, spaces and tabs. No CR, LF, NUL or other control.
_FIELD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~\x80-\xff]*\r\n")

_RESERVED = frozenset(
    (
        *("host", "accept-encoding", "user-agent", "content-length"),
        *("connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    )
)


def request_head(method: str, origin: Origin, path: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """The head of a request to `origin`, as `HttpClient.send` takes it: without length and blank line.

    `path` begins with a slash and has everything percent-encoded that needs it. REASON_REQUEST_MALFORMED where a part
    holds a character that it must not, or a header is one that the client itself writes or never sends.
    """
    line = f"{method} {path} HTTP/1.1\r\n"
    if not _LINE.fullmatch(line):
        raise _malformed()
    own = f"host: {origin.authority}\r\naccept-encoding: identity\r\nuser-agent: tollway/{_VERSION}\r\n"
    head = f"{line}{own}".encode("ascii") + header_lines(headers)
    if len(head) > MAX_HEAD_BYTES:
        raise _malformed()
    return head


def header_lines(headers: Iterable[tuple[str, str]]) -> bytes:
    """Headers as lines that can be put behind a head; refuses what `request_head` refuses."""
    return "".join([_field(name, value) for name, value in headers]).encode("latin-1")


def framed(head: bytes, length: int, body: bytes = b"") -> bytes:
    """A head with its `content-length` and the blank line, and the body where it is to go out in the same write.

    A POST without a body says so too (RFC 9110, section 8.6): some servers answer 411 otherwise.
    """
    if length or head.startswith(b"POST "):
        return b"%bcontent-length: %d\r\n\r\n%b" % (head, length, body)
    return head + b"\r\n"


def _field(name: str, value: str) -> str:
    field = f"{name}: {value}\r\n"
    if name.lower() in _RESERVED or not _FIELD.fullmatch(field):
        raise _malformed()
    return field


def _malformed() -> TollwayError:
    return TollwayError(Reason.REASON_REQUEST_MALFORMED, "The request to the provider cannot be written as HTTP.")
