"""Where the messages of a binding hold etags: a field `etag` at their top (AIP-154)."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.descriptor import FieldDescriptor

from tollwayd.core.errors import invalid_field
from tollwayd.translator.rules.rule import WHOLE_MESSAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

    from tollwayd.translator.rules.rule import Binding

TAG: Final = r'(?:W/)?"[\x21\x23-\x7e]*"'
"""An entity tag (RFC 9110, section 8.8.3), but for bytes beyond ASCII, which no two programs read alike."""

_FIELD: Final = "etag"
_TAG: Final = re.compile(TAG)
_BARE: Final = re.compile(r"[\x21\x23-\x7e]+")


class Etags:
    """The etags of one binding, found at start. `shows` says whether its answers have one, `holds` whether its requests
    do: by themselves, or else in the resource that is their body.
    """

    __slots__ = ("_hold", "_path", "_show", "holds", "shows")

    def __init__(self, binding: Binding) -> None:
        method = binding.method.descriptor
        self._show: Final = None if method.server_streaming else _owner(method.output_type, binding.response_body)
        self._path, self._hold = ("", None) if method.client_streaming else _held(method.input_type, binding.body)
        self.shows: Final = self._show is not None
        self.holds: Final = self._hold is not None

    def header(self, message: Message) -> str:
        """The value of an answer's ETag, quoted; empty where it has none, or one that HTTP has no room for."""
        assert self._show is not None
        etag: str = self._show(message).etag
        if _TAG.fullmatch(etag):
            return etag
        return f'"{etag}"' if _BARE.fullmatch(etag) else ""

    def hold(self, message: Message, etag: str) -> None:
        """Has a request name the etag, quotes included; REASON_FIELD_INVALID where it names another one."""
        assert self._hold is not None
        holder = self._hold(message)
        if holder.etag not in {"", etag}:
            raise invalid_field(self._path, "is not the etag that the If-Match header names; send one of them")
        holder.etag = etag


def _held(request: Descriptor, body: str) -> tuple[str, Callable[[Any], Any] | None]:
    """The path of the etag in a request, and what gives the message that has it."""
    if owner := _owner(request, ""):
        return _FIELD, owner
    if body in {"", WHOLE_MESSAGE}:
        return "", None
    return f"{request.fields_by_name[body].json_name}.{_FIELD}", _owner(request, body)


def _owner(message: Descriptor, name: str) -> Callable[[Any], Any] | None:
    """What gives the message, or its field of this name, if that has an etag."""
    field = message.fields_by_name[name] if name else None
    if field is None:
        return _itself if _has_etag(message) else None
    return attrgetter(name) if not field.is_repeated and field.message_type and _has_etag(field.message_type) else None


def _has_etag(message: Descriptor) -> bool:
    field = message.fields_by_name.get(_FIELD)
    return field is not None and field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated


def _itself(message: Any) -> Any:
    return message
