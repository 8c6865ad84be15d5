"""Pages: fixed answers beside the methods, such as a description of the API. They ask for no credential."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.errors import ALLOW
from tollwayd.translator.reply import answer_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.web import BaseRequest

    from tollwayd.translator.reply import Reply

PAGE_METHODS: Final = ("GET", "HEAD", "OPTIONS")


class Page(NamedTuple):
    """A page's content type, what gives its bytes, and further header lines, each with its line end."""

    content_type: str
    load: Callable[[], bytes]
    headers: str = ""


async def answer_with(page: Page, request: BaseRequest, reply: Reply, call_id: str) -> None:
    """Answers a request for the page; REASON_METHOD_NOT_ALLOWED where it wants something else of it."""
    if request.method not in {"GET", "HEAD"}:
        raise TollwayError(Reason.REASON_METHOD_NOT_ALLOWED, metadata={ALLOW: ", ".join(PAGE_METHODS)})
    reply.close_if_unread()
    body = page.load()
    etag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    # Weak, as it goes with the page in every content coding.
    headers = f"{answer_headers(call_id, page.content_type, {})}etag: W/{etag}\r\n{page.headers}"
    if etag in request.headers.get("if-none-match", ""):
        await reply.send(304, headers, b"")
    else:
        await reply.send(200, headers, body)
