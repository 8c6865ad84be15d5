"""google.api.HttpBody: bytes that go in and out as they are, with their content type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

_NAME = "google.api.HttpBody"


def is_http_body(message: Descriptor | None) -> bool:
    """Whether this is HttpBody. Told by name: a descriptor pool of its own has its own class for it."""
    return message is not None and message.full_name == _NAME


def fill(http_body: Any, body: bytes, content_type: str) -> None:
    """Makes a request's body its content; present even where both are empty."""
    http_body.SetInParent()
    http_body.content_type = content_type
    http_body.data = body
