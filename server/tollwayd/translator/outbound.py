"""A response message as an HTTP body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tollwayd.translator.errors import JSON
from tollwayd.translator.framing import STREAM_FORMS
from tollwayd.translator.http_body import is_http_body
from tollwayd.translator.json_codec import encoder

if TYPE_CHECKING:
    from tollwayd.translator.rule import Binding


class ResponsePrinter:
    """Prints the response messages of one binding. `raw` says that they are HttpBody, whose bytes need no printing.
    `forms` are the media types that an answer may have, none where nobody knows before.
    """

    __slots__ = ("_encode", "_field", "forms", "raw")

    def __init__(self, binding: Binding, *, print_unset: bool) -> None:
        response = binding.method.descriptor.output_type
        self._field: Final = response.fields_by_name[binding.response_body] if binding.response_body else None
        self._encode: Final = encoder(response, self._field, print_unset=print_unset)
        self.raw: Final = is_http_body(self._field.message_type if self._field else response)
        self.forms: Final = () if self.raw else STREAM_FORMS if binding.method.descriptor.server_streaming else (JSON,)

    def content_type(self, message: Any) -> str:
        """The content type of one message's body."""
        content_type: str = self._part(message).content_type if self.raw else JSON
        return content_type

    def body(self, message: Any) -> bytes:
        """One message's body."""
        data: bytes = self._part(message).data if self.raw else self._encode(message)
        return data

    def _part(self, message: Any) -> Any:
        return message if self._field is None else getattr(message, self._field.name)
