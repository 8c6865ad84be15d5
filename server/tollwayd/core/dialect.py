"""What a dialect is: one wire format of an AI service, as callers speak it and as providers do.

A dialect is pure: bytes and messages in, bytes and messages out, no I/O. It has three sides. `CallerDialect` serves
programs that speak it to the gateway, `ProviderDialect` speaks it to a provider; between two different ones the
canonical messages of `tollway.proxy.v1` carry the call. `RelayDialect` is the short way where both ends speak the same
one: the bytes pass, and only the model's name is replaced. Errors are raised as TollwayError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

    from google.api.httpbody_pb2 import HttpBody

    from tollway.proxy.v1.inference_pb2 import (
        GenerateRequest,
        GenerateResponse,
        StreamGenerateResponse,
        Usage,
    )
    from tollwayd.core.errors import TollwayError
    from tollwayd.core.metering.prices.terms import CacheWrites, Terms
    from tollwayd.core.sse import ServerSentEvent

Headers = tuple[tuple[str, str], ...]


class Envelope(msgspec.Struct):
    """A request body decoded only as far as routing needs. `fields` holds every top-level field's JSON unread."""

    model: str
    stream: bool
    fields: dict[str, Any]

    def __repr__(self) -> str:
        # Nothing of what a request says goes into a log.
        return f"Envelope({self.model!r}, stream={self.stream})"


class Asked(NamedTuple):
    """A caller's request in the canonical form. `dropped` names the hints that the form cannot carry."""

    request: GenerateRequest
    dropped: tuple[str, ...] = ()


class Written(NamedTuple):
    """A request body for a provider. `dropped` names the canonical fields that the dialect has no words for."""

    body: bytes
    dropped: tuple[str, ...] = ()


class OutputAsked(NamedTuple):
    """How much output a request allows: `tokens` of each answer, None where it does not say, and how many answers."""

    tokens: int | None = None
    choices: int = 1


class Load(NamedTuple):
    """What of a request makes more tokens than its bytes tell, or fewer: `images` of all kinds, `files` that are
    elsewhere or have pages, `sounds` that it holds itself, `tools` whether there are any, and `inline_bytes`, all
    base64 that it holds."""

    images: int = 0
    files: int = 0
    tools: bool = False
    inline_bytes: int = 0
    sounds: int = 0

    @property
    def media(self) -> int:
        """How many pictures, files and sounds there are."""
        return self.images + self.files + self.sounds


class Said(NamedTuple):
    """How much text an answer has had: bytes of ASCII, bytes of other characters' UTF-8, and in how many pieces."""

    ascii_bytes: int = 0
    other_bytes: int = 0
    pieces: int = 0

    @classmethod
    def of(cls, text: str, pieces: int) -> Said:
        """That of a text that came in so many pieces."""
        size = len(text.encode("utf-8", "surrogatepass"))
        plain = size if text.isascii() else len(text.encode("ascii", "ignore"))
        return cls(plain, size - plain, pieces)

    def plus(self, other: Said) -> Said:
        """The sum of both."""
        return Said(
            self.ascii_bytes + other.ascii_bytes, self.other_bytes + other.other_bytes, self.pieces + other.pieces
        )


class Allowance(NamedTuple):
    """How a caller stands with one of its limits: `unit` is `requests`, `tokens`, `input-tokens` or `output-tokens`,
    `reset_ms` in how many milliseconds from `now_ms` (Unix milliseconds) on all of it is left again."""

    unit: str
    limit: int
    remaining: int
    reset_ms: int
    now_ms: int


class EventWriter(Protocol):
    """Writes one streamed answer in a caller's dialect. Stateful: made for each call."""

    def write(self, event: StreamGenerateResponse) -> bytes:
        """The server-sent events for one canonical event; may be empty. After `finished`, they include those that end
        the stream, unless usage may still come: then `end` gives them. Deltas of one part's text or reasoning are
        written alike but for the text."""
        ...

    def end(self) -> bytes:
        """What is left to say when the provider's stream has ended well."""
        ...


class CallerDialect(Protocol):
    """The side that programs speak to the gateway."""

    @property
    def name(self) -> str:
        """As `Provider.dialect` has it."""
        ...

    @property
    def forwarded_headers(self) -> tuple[str, ...]:
        """Request headers, lower case, that go on to a provider of the same dialect."""
        ...

    def peek(self, body: bytes) -> Envelope:
        """Reads model and stream. REASON_JSON_INVALID, REASON_JSON_TOO_DEEP, REASON_FIELD_INVALID."""
        ...

    def read_request(self, envelope: Envelope) -> Asked:
        """The whole request. REASON_FIELD_INVALID names the wrong field in the dialect's own words;
        REASON_FEATURE_UNSUPPORTED where the canonical form cannot say what would change the answer's meaning."""
        ...

    def output_asked(self, envelope: Envelope) -> OutputAsked:
        """How much output the request allows; what cannot be read allows what the model can."""
        ...

    def with_output(self, envelope: Envelope, tokens: int) -> Envelope:
        """The request with at most so many output tokens for each answer, and no other byte touched."""
        ...

    def load(self, envelope: Envelope) -> Load:
        """What the request holds beside text. Never too little, whatever the JSON."""
        ...

    def cache_writes(self, body: bytes) -> CacheWrites:
        """What a request with this body can mark to be cached. Never too little, whatever the JSON."""
        ...

    def allowance_headers(self, allowances: Sequence[Allowance]) -> Headers:
        """How the caller stands with its limits, at most one for each unit, in the headers that the dialect has for
        it."""
        ...

    def write_response(self, response: GenerateResponse) -> bytes:
        """A whole answer as the dialect's JSON."""
        ...

    def event_writer(self, envelope: Envelope) -> EventWriter:
        """A writer for one streamed answer to this request."""
        ...

    def error_body(self, error: TollwayError) -> HttpBody:
        """The error as the dialect's JSON body, such that its SDKs raise their right exception class."""
        ...

    def error_event(self, error: TollwayError) -> bytes:
        """The error as a server-sent event that ends a stream under way."""
        ...


class EventReader(Protocol):
    """Reads one streamed answer of a provider. Stateful: made for each call."""

    complete: bool
    """Whether the answer has been read to its end, though usage may still come; a stream that ends before is broken."""
    done: bool
    """Whether nothing can come any more; what does come is not read."""
    texts: re.Pattern[bytes]
    """Finds texts in events: group 1 is a text's member, group 2 the text as JSON writes it."""

    @property
    def usage_due(self) -> bool:
        """Whether all has been said but the answer's usage, as far as can be told: it comes next."""
        ...

    @property
    def terms(self) -> str:
        """As `Usage.terms`, of what has been read so far."""
        ...

    def read(self, event: ServerSentEvent) -> Sequence[StreamGenerateResponse]:
        """The canonical events for one server-sent event; none for pings. Raises the provider's mid-stream error."""
        ...

    def end(self) -> Sequence[StreamGenerateResponse]:
        """What is left to say when the provider's stream has ended."""
        ...


class ProviderDialect(Protocol):
    """The side that the gateway speaks to providers."""

    @property
    def name(self) -> str:
        """As `Provider.dialect` has it."""
        ...

    def at(self, host: str) -> Dialect:
        """The dialect as the servers of a host speak it: itself, or one of the same name."""
        ...

    @property
    def models_path(self) -> str:
        """Where the provider lists its models (GET), after the base URL's path."""
        ...

    def path(self, model: str, *, stream: bool) -> str:
        """Where requests go (POST), after the base URL's path."""
        ...

    def terms(self, fields: Mapping[str, Any]) -> Terms:
        """What a request with these top-level fields, each of them JSON, leaves open of its price."""
        ...

    def headers(self, api_key: str) -> Headers:
        """The headers that carry the credential and that the provider requires; without a credential if it is empty."""
        ...

    def write_request(self, request: GenerateRequest, model: str, *, stream: bool) -> Written:
        """The request body for the provider's model. REASON_FEATURE_UNSUPPORTED where it cannot be said."""
        ...

    def read_response(self, body: bytes) -> GenerateResponse:
        """A whole answer. REASON_UPSTREAM_INVALID where it is not one."""
        ...

    def event_reader(self, credential: str = "") -> EventReader:
        """A reader for one streamed answer. Its errors do not quote the credential."""
        ...

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> TollwayError:
        """A provider's error answer as one of the REASON_UPSTREAM_ reasons, with what the provider said of the request
        (bounded, and without anything that looks like a credential) and `retry_after` where it gave one."""
        ...

    def read_error_event(self, event: ServerSentEvent, credential: str = "") -> TollwayError | None:
        """The error that a stream's event tells, as `read_error` has it; None where it tells something else. It does
        not quote the credential."""
        ...

    def read_models(self, body: bytes) -> list[str]:
        """The names in a model list. REASON_UPSTREAM_INVALID where it is not one."""
        ...


class RelayStream(Protocol):
    """Passes one streamed answer on in its own dialect. Stateful: made for each call."""

    usage: Usage | None
    """The last usage seen."""
    complete: bool
    """Whether the answer's end has passed, though usage may still come; a stream that ends before is broken."""
    done: bool
    """Whether nothing can come any more; what does come is not passed on."""
    error: TollwayError | None
    """The error that the provider sent within the stream; its event has passed on to the caller."""

    @property
    def usage_due(self) -> bool:
        """As of an `EventReader`."""
        ...

    @property
    def terms(self) -> str:
        """As `Usage.terms`, of what has passed so far."""
        ...

    def feed(self, block: bytes) -> bytes:
        """What the caller gets of a block of whole events; the block itself wherever nothing has to be taken out."""
        ...

    def said(self) -> Said:
        """How much the model has said so far."""
        ...


class RelayDialect(Protocol):
    """The short way for a call whose caller and provider speak the same dialect."""

    def relay_request(self, envelope: Envelope, model: str) -> bytes:
        """The body to send: the caller's with the provider's model name, each other field's JSON byte for byte."""
        ...

    def relay_stream(self, envelope: Envelope, credential: str = "") -> RelayStream:
        """A relay for one streamed answer to this request. In errors that pass the credential is masked."""
        ...

    def read_usage(self, body: bytes) -> Usage | None:
        """The usage in a whole answer; None where it names none."""
        ...

    def said(self, body: bytes) -> Said:
        """How much the model says in a whole answer."""
        ...


class Dialect(CallerDialect, ProviderDialect, RelayDialect, Protocol):
    """A dialect with all its sides."""
