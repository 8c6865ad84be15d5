"""A response message as an HTTP body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tollwayd.translator.answers.errors import JSON
from tollwayd.translator.answers.framing import STREAM_FORMS
from tollwayd.translator.messages.http_body import is_http_body
from tollwayd.translator.protojson.codec import encoder

if TYPE_CHECKING:
    from tollwayd.translator.rules.rule import Binding


class ResponsePrinter:
    """Prints the response messages of one binding. `raw` says that they are HttpBody, whose bytes need no printing,
    `streams` that they are framed, as there may be many. `forms` are the media types that an answer may have, none
    where nobody knows before.
    """

    __slots__ = ("_encode", "_field", "forms", "raw", "streams")

    def __init__(self, binding: Binding, *, print_unset: bool) -> None:
        response = binding.method.descriptor.output_type
        self._field: Final = response.fields_by_name[binding.response_body] if binding.response_body else None
        self._encode: Final = encoder(response, self._field, print_unset=print_unset)
        self.raw: Final = is_http_body(self._field.message_type if self._field else response)
        self.streams: Final[bool] = binding.method.descriptor.server_streaming and not self.raw
        self.forms: Final = () if self.raw else STREAM_FORMS if binding.method.descriptor.server_streaming else (JSON,)

    def print(self, message: Any) -> tuple[bytes, str]:
        """One message's body, and its content type."""
        if not self.raw:
            return self._encode(message), JSON
        part = message if self._field is None else getattr(message, self._field.name)
        return part.data, part.content_type
