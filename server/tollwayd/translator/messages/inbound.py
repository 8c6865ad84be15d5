"""HTTP requests as request messages: body, query and path, in the order in which the later ones win."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.answers.errors import JSON
from tollwayd.translator.fields.percent import decode as decode_percent
from tollwayd.translator.limits import THREAD_BYTES
from tollwayd.translator.messages.http_body import fill, is_http_body
from tollwayd.translator.messages.patch_mask import patch_mask
from tollwayd.translator.messages.query import QueryReader, set_text
from tollwayd.translator.protojson.codec import decoder
from tollwayd.translator.rules.rule import WHOLE_MESSAGE

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tollwayd.translator.messages.query import Parameters
    from tollwayd.translator.rules.rule import Binding


_JSON_LINES: Final = frozenset({"application/jsonl", "application/ndjson", "application/x-ndjson"})


class RequestReader:
    """Makes the request messages of one binding. `takes_body` says whether the rule has a use for a body, `raw` whether
    that is an HttpBody's, and `streams` whether the method takes many messages.
    """

    __slots__ = ("_class", "_decode", "_field", "_mask", "_query", "_variables", "raw", "streams", "takes_body")

    def __init__(self, binding: Binding, *, ignore_unknown: bool) -> None:
        request = binding.method.descriptor.input_type
        whole = binding.body == WHOLE_MESSAGE
        self.streams: Final = binding.method.descriptor.client_streaming
        self._class: Final = binding.method.request_class
        self._field: Final = None if whole or not binding.body else request.fields_by_name[binding.body]
        self.raw: Final = is_http_body(request if whole else self._field.message_type if self._field else None)
        self._decode: Final = decoder(request, self._field, ignore_unknown=ignore_unknown)
        # A body of "*" leaves nothing for parameters (google/api/http.proto).
        self._query: Final = None if whole else QueryReader(request, binding.body, ignore_unknown=ignore_unknown)
        self._variables: Final = [
            (fields, not variable.single)
            for fields, variable in zip(binding.variables, binding.template.variables, strict=True)
        ]
        self._mask: Final = None if self.streams else patch_mask(binding)
        self.takes_body: Final = bool(binding.body)

    def check_content_type(self, content_type: str) -> None:
        """REASON_MEDIA_TYPE_UNSUPPORTED where the body is to be JSON and says that it is not. HttpBody takes any."""
        if content_type == JSON or self.raw:
            return
        media_type = _media_type(content_type)
        if media_type in {"", JSON} or media_type.endswith("+json"):
            return
        if self.streams and media_type in _JSON_LINES:
            return
        raise TollwayError(Reason.REASON_MEDIA_TYPE_UNSUPPORTED)

    def reads_at_once(self, body: bytes) -> bool:
        """Whether the body is quickly read: others are for `read_fairly`."""
        return self.raw or len(body) <= THREAD_BYTES

    def read(self, body: bytes, content_type: str, query: Parameters, variables: tuple[str, ...]) -> Message:
        """The request message; `variables` as the route table found them. TollwayError for whatever does not fit."""
        message = self._class()
        value = None
        if self.raw:
            fill(message if self._field is None else getattr(message, self._field.name), body, content_type)
        elif self.takes_body:
            value = self._decode(body, message)
        if query or variables:
            self.bind(message, query, variables)
        if self._mask is not None:
            self._mask.fill(message, value)
        return message

    async def read_fairly(
        self, body: bytes, content_type: str, query: Parameters, variables: tuple[str, ...]
    ) -> Message:
        """As `read`; what takes long leaves time to other calls."""
        if self.reads_at_once(body):
            return self.read(body, content_type, query, variables)
        return await asyncio.to_thread(self.read, body, content_type, query, variables)

    def binds(self, query: Parameters, variables: tuple[str, ...]) -> bool:
        """Whether query and path say anything of the message."""
        return bool(variables) or (self._query is not None and self._query.reads(query))

    def bind(self, message: Message, query: Parameters, variables: tuple[str, ...]) -> None:
        """Adds what query and path say. TollwayError as `read`."""
        if query and self._query is not None:
            self._query.read(query, message)
        for (fields, keep_slashes), text in zip(self._variables, variables, strict=True):
            set_text(message, fields, decode_percent(text, keep_slashes=keep_slashes))


def is_json_lines(content_type: str) -> bool:
    """Whether a body says that it is JSON a line each."""
    return _media_type(content_type) in _JSON_LINES


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
