"""HTTP methods that are the door's own matter: OPTIONS tells what a path takes, TRACE and CONNECT are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.pages import PAGE_METHODS
from tollwayd.translator.reply import answer_headers
from tollwayd.translator.routes import WrongMethod

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest

    from tollwayd.translator.reply import Reply
    from tollwayd.translator.wire import Site

OWN: Final = frozenset({"CONNECT", "OPTIONS", "TRACE"})

_SERVER: Final = "*"
"""The target that means the server and none of its resources (RFC 9110, section 9.3.7)."""


def allowed(site: Site, request: BaseRequest, path: str) -> tuple[str, ...] | None:
    """The HTTP methods of the path that an OPTIONS asks for, none for those of the server; None where a binding takes
    OPTIONS itself. REASON_ROUTE_NOT_FOUND for a path that nothing serves, and REASON_HTTP_METHOD_UNSUPPORTED.
    """
    if request.method != "OPTIONS":
        # A tunnel is none of a server's business, and an echo of a request shows what others put into it.
        raise TollwayError(Reason.REASON_HTTP_METHOD_UNSUPPORTED)
    if path == _SERVER:
        return ()
    if path in site.pages:
        return PAGE_METHODS
    found = site.routes.find(request.method, path)
    if found is None:
        raise TollwayError(Reason.REASON_ROUTE_NOT_FOUND)
    return found.allow if isinstance(found, WrongMethod) else None


async def tell(allow: tuple[str, ...], reply: Reply, call_id: str) -> None:
    """Answers an OPTIONS."""
    reply.close_if_unread()
    methods = f"allow: {', '.join(allow)}\r\n" if allow else ""
    await reply.send(204, answer_headers(call_id, "", {}) + methods, b"")
