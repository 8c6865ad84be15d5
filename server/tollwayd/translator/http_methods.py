"""HTTP methods that are the door's own matter: OPTIONS tells what a path takes, TRACE and CONNECT are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.answers.errors import ALLOW
from tollwayd.translator.answers.reply import answer_headers
from tollwayd.translator.pages import PAGE_METHODS
from tollwayd.translator.rules.routes import Match
from tollwayd.translator.wires.rpc.protocols import http_methods

if TYPE_CHECKING:
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.request import Request
    from tollwayd.translator.wires.wire import Site

OWN: Final = frozenset({"CONNECT", "OPTIONS", "TRACE"})

_SERVER: Final = "*"
"""The target that means the server and none of its resources (RFC 9110, section 9.3.7)."""


async def answered(site: Site, request: Request, reply: Reply, path: str, call_id: str) -> bool:
    """Answers a request of one of these methods, before any credential is asked for; False where a binding takes
    OPTIONS itself. REASON_ROUTE_NOT_FOUND for a path that nothing serves, else what TRACE and CONNECT are refused for.
    """
    if request.method == "CONNECT":  # A tunnel is none of this server's business.
        reply.keep_alive = False
        raise TollwayError(Reason.REASON_HTTP_METHOD_UNSUPPORTED)
    allow = _methods(site, path)
    if request.method == "TRACE":  # An echo of a request shows what proxies put into it.
        raise TollwayError(Reason.REASON_METHOD_NOT_ALLOWED, metadata={ALLOW: ", ".join(allow)})
    preflight = site.cors.preflight(request, allow) if site.cors is not None else None
    if preflight is None and isinstance(site.routes.find(request.method, path), Match):
        return False
    reply.close_if_unread()
    methods = f"allow: {', '.join(allow)}\r\n" if allow else ""
    await reply.send(204, f"{answer_headers(call_id, '', {})}{methods}{preflight or ''}", b"")
    return True


def _methods(site: Site, path: str) -> tuple[str, ...]:
    if path == _SERVER:
        return ()
    if path in site.pages:
        return PAGE_METHODS
    if method := site.rpcs.get(path):
        return http_methods(method)
    if not (methods := site.routes.methods(path)):
        raise TollwayError(Reason.REASON_ROUTE_NOT_FOUND)
    return methods
