"""The pages that a REST door serves beside its methods: its OpenAPI document, and the page to read it with.

For the gateway's own APIs they are files of the package, read when somebody first asks for them: `openapi`, which makes
them, need not be loaded. For other APIs the document is made when somebody first asks for it.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tollwayd.translator.pages import Page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.protobuf.descriptor import ServiceDescriptor
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

_FOLDER: Final = Path(__file__).parent / "openapi"

# Nothing but what the page brings along may run in it or hear from it: a key is entered there.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    "cache-control: no-cache\r\n"  # Asked for again with its etag, so that a new release shows at once.
    f"content-security-policy: {_POLICY}\r\n"
    "referrer-policy: no-referrer\r\n"
    "x-content-type-options: nosniff\r\n"
)
_CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
}
_PAGE: Final = {
    "/docs": "page/index.html",
    "/docs/start.js": "page/start.js",
    "/docs/swagger-ui-bundle.js": "page/swagger-ui/swagger-ui-bundle.js",
    "/docs/swagger-ui.css": "page/swagger-ui/swagger-ui.css",
}


def pages(document: str) -> Mapping[str, Page]:
    """The pages by path, for the API with this document: `tollway-admin`."""
    files = {"/openapi.json": f"documents/{document}.json"} | _PAGE
    return {path: _page(_FOLDER / file) for path, file in files.items()}


def made_pages(files: Sequence[FileDescriptorProto], services: Sequence[ServiceDescriptor]) -> Mapping[str, Page]:
    """The same for these services of a descriptor set's files."""

    @cache
    def document() -> bytes:
        from tollwayd.openapi.made import made_document  # noqa: PLC0415 - most who run it never ask.

        return made_document(files, services)

    made = Page(_CONTENT_TYPES[".json"], document, _HEADERS)
    return {"/openapi.json": made} | {path: _page(_FOLDER / file) for path, file in _PAGE.items()}


def _page(file: Path) -> Page:
    return Page(_CONTENT_TYPES[file.suffix], partial(_read, file), _HEADERS)


@cache  # One copy for all: a connection that takes its time must not hold a megabyte of its own.
def _read(file: Path) -> bytes:
    return file.read_bytes()
