"""Pages: fixed answers beside the methods, such as a description of the API. They ask for no credential."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.answers.errors import ALLOW
from tollwayd.translator.answers.reply import answer_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tollwayd.translator.answers.encoding import Encoding
    from tollwayd.translator.answers.reply import Reply
    from tollwayd.translator.request import Request

PAGE_METHODS: Final = ("GET", "HEAD", "OPTIONS")


class Page(NamedTuple):
    """A page's content type, what gives its bytes, and further header lines, each with its line end."""

    content_type: str
    load: Callable[[], bytes]
    headers: str = ""


async def answer_with(page: Page, request: Request, reply: Reply, encoding: Encoding, call_id: str) -> None:
    """Answers a request for the page; REASON_METHOD_NOT_ALLOWED where it wants something else of it.

    Anybody may ask, so what takes long is done once: the digest of the largest page takes 2 ms, its compression 20.
    """
    if request.method not in {"GET", "HEAD"}:
        raise TollwayError(Reason.REASON_METHOD_NOT_ALLOWED, metadata={ALLOW: ", ".join(PAGE_METHODS)})
    reply.close_if_unread()
    body = page.load()
    etag = _etag(body)
    # Weak, as it goes with the page in every content coding.
    headers = f"{answer_headers(call_id, page.content_type, {})}etag: W/{etag}\r\n{page.headers}"
    if etag in request.headers.get("if-none-match", ""):
        await reply.send(304, headers, b"")
    else:
        await reply.send(200, *encoding.fixed(request, headers, body))


@lru_cache(maxsize=32)
def _etag(body: bytes) -> str:
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'
