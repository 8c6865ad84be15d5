"""The dialect with all its sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tollwayd.dialects import json_body, json_load
from tollwayd.dialects.anthropic_messages import (
    admission,
    caller_request,
    caller_response,
    caller_stream,
    provider_error,
    provider_request,
    provider_response,
    provider_stream,
    relay,
    terms,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.api.httpbody_pb2 import HttpBody

    from tollway.proxy.v1.inference_pb2 import GenerateRequest, GenerateResponse, Usage
    from tollwayd.core.dialect import (
        Allowance,
        Asked,
        Envelope,
        EventReader,
        EventWriter,
        Headers,
        Load,
        OutputAsked,
        RelayStream,
        Said,
        Written,
    )
    from tollwayd.core.errors import TollwayError
    from tollwayd.core.metering.prices.terms import CacheWrites, Terms
    from tollwayd.core.sse import ServerSentEvent

API_VERSION = "2023-06-01"
"""The `anthropic-version` that Anthropic's SDKs send, and whose answers are read here. Later ones refuse sampling."""


class AnthropicMessages:
    """Anthropic's Messages API, `anthropic.messages`; a `core.dialect.Dialect`. Stateless.

    A base URL is that of Anthropic's SDKs, without a version: `https://api.anthropic.com`.
    """

    name = "anthropic.messages"
    forwarded_headers: tuple[str, ...] = ("anthropic-version", "anthropic-beta")
    models_path = "/v1/models"

    def peek(self, body: bytes) -> Envelope:
        envelope = json_body.peek(body)
        admission.refuse_other_models(envelope)
        return envelope

    def read_request(self, envelope: Envelope) -> Asked:
        return caller_request.read_request(envelope)

    def output_asked(self, envelope: Envelope) -> OutputAsked:
        return admission.output_asked(envelope)

    def with_output(self, envelope: Envelope, tokens: int) -> Envelope:
        return admission.with_output(envelope, tokens)

    def load(self, envelope: Envelope) -> Load:
        return admission.load(envelope)

    def cache_writes(self, body: bytes) -> CacheWrites:
        return json_load.cache_writes(body)

    def allowance_headers(self, allowances: Sequence[Allowance]) -> Headers:
        return admission.allowance_headers(allowances)

    def write_response(self, response: GenerateResponse) -> bytes:
        return caller_response.write_response(response)

    def event_writer(self, envelope: Envelope) -> EventWriter:
        return caller_stream.AnthropicEventWriter(envelope.model)

    def error_body(self, error: TollwayError) -> HttpBody:
        return caller_response.error_body(error)

    def error_event(self, error: TollwayError) -> bytes:
        return caller_response.error_event(error)

    def at(self, host: str) -> AnthropicMessages:
        """Itself: there is one way to speak it."""
        return self

    def path(self, model: str, *, stream: bool) -> str:
        """The same for every model: the body names it, and whether the answer streams."""
        return "/v1/messages"

    def terms(self, fields: Mapping[str, Any]) -> Terms:
        return terms.terms_asked(fields)

    def headers(self, api_key: str) -> Headers:
        version = ("anthropic-version", API_VERSION)
        return (("x-api-key", api_key), version) if api_key else (version,)

    def write_request(self, request: GenerateRequest, model: str, *, stream: bool) -> Written:
        return provider_request.write_request(request, model, stream=stream)

    def read_response(self, body: bytes) -> GenerateResponse:
        return provider_response.read_response(body)

    def event_reader(self, credential: str = "") -> EventReader:
        return provider_stream.AnthropicEventReader(credential)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> TollwayError:
        return provider_error.read_error(status, headers, body)

    def read_error_event(self, event: ServerSentEvent, credential: str = "") -> TollwayError | None:
        return provider_error.read_error_event(event, credential)

    def read_models(self, body: bytes) -> list[str]:
        return provider_response.read_models(body)

    def relay_request(self, envelope: Envelope, model: str) -> bytes:
        return relay.relay_request(envelope, model)

    def relay_stream(self, envelope: Envelope, credential: str = "") -> RelayStream:
        return relay.AnthropicRelayStream(credential)

    def read_usage(self, body: bytes) -> Usage | None:
        return relay.read_usage(body)

    def said(self, body: bytes) -> Said:
        return relay.said(body)
