"""The request target: path and query, as they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest


def target(request: BaseRequest) -> tuple[str, str]:
    """The path and the query, neither decoded.

    TollwayError where the target names another host than the Host header: proxies differ in which of them they believe
    (RFC 9112, section 3.2.2).
    """
    raw = request.raw_path
    if raw.startswith("/"):
        path, _, query = raw.partition("?")
        return path, query
    scheme, separator, rest = raw.partition("://")
    if not separator:
        return raw, ""  # `OPTIONS *` and CONNECT's authority: no template matches them.
    authority, _, _ = rest.partition("/")
    if scheme.lower() not in {"http", "https"} or authority.lower() != request.headers.get("host", "").lower():
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED)
    return request.rel_url.raw_path, request.rel_url.raw_query_string
