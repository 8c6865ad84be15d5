"""The head of a request: what it is for, and whether it means the same to everybody on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import HttpVersion10, HttpVersion11, hdrs

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest


def target(request: BaseRequest) -> tuple[str, str]:
    """The path and the query, neither decoded.

    TollwayError for a head that a proxy on the way may have read in another way than this server does: nobody can tell
    then where on its connection the next request starts, or whose it is.
    """
    if request.version != HttpVersion11:
        _check_old(request)
    elif hdrs.TRANSFER_ENCODING in request.headers:
        _check_coding(request)
    raw = request.raw_path
    if raw.startswith("/"):
        path, _, query = raw.partition("?")
        return path, query
    scheme, separator, rest = raw.partition("://")
    if not separator:
        return raw, ""  # `OPTIONS *` and CONNECT's authority: no template matches them.
    authority, _, _ = rest.partition("/")
    # RFC 9112, section 3.2.2: the target's host counts, and the Host header, which others go by, does not.
    if scheme.lower() not in {"http", "https"} or authority.lower() != request.headers.get(hdrs.HOST, "").lower():
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED)
    return request.rel_url.raw_path, request.rel_url.raw_query_string


def _check_coding(request: BaseRequest) -> None:
    # RFC 9112, section 6.1. The parser looks for chunks alone, and would take what else was done to them for content.
    if request.headers[hdrs.TRANSFER_ENCODING].lower() != "chunked":
        raise TollwayError(Reason.REASON_TRANSFER_CODING_UNSUPPORTED)


def _check_old(request: BaseRequest) -> None:
    # HTTP/1.0 knows no chunks (RFC 9112, section 6.1), HTTP/0.9 no headers.
    if request.version != HttpVersion10 or hdrs.TRANSFER_ENCODING in request.headers:
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED)
