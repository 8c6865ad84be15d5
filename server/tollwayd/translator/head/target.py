"""The head of a request: what it is for, and whether it means the same to everybody on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.request import HTTP_1_0, HTTP_1_1

if TYPE_CHECKING:
    from tollwayd.translator.request import Request


def target(request: Request) -> tuple[str, str]:
    """The path and the query, neither decoded.

    TollwayError for a head that a proxy on the way may have read in another way than this server does: nobody can tell
    then where on its connection the next request starts, or whose it is.
    """
    if request.version != HTTP_1_1:
        _check_old(request)
    elif "transfer-encoding" in request.headers:
        _check_coding(request)
    raw = request.target
    if raw.startswith("/"):
        path, _, query = raw.partition("?")
        return path, query
    if request.method == "CONNECT" or (raw, request.method) == ("*", "OPTIONS"):
        return raw, ""  # An authority, or the server itself: no template matches them.
    return _absolute(raw, request.headers.get("host", ""))


def _absolute(raw: str, host: str) -> tuple[str, str]:
    # RFC 9112, section 3.2.2: the target's host counts, and the Host header, which others go by, does not.
    try:
        parts = urlsplit(raw)
        (parts.hostname or "").encode("ascii").decode("idna")
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.netloc.lower() != host.lower():
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED)
    return parts.path or "/", parts.query


def _check_coding(request: Request) -> None:
    # RFC 9112, section 6.1. The parser looks for chunks alone, and would take what else was done to them for content.
    if request.headers["transfer-encoding"].lower() != "chunked":
        raise TollwayError(Reason.REASON_TRANSFER_CODING_UNSUPPORTED)


def _check_old(request: Request) -> None:
    # HTTP/1.0 knows no chunks (RFC 9112, section 6.1), HTTP/0.9 no headers.
    if request.version != HTTP_1_0 or "transfer-encoding" in request.headers:
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED)
