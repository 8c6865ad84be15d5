"""The dialect with all its sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from tollway.proxy.v1.inference_pb2 import GenerateRequest
    from tollwayd.core.dialect import (
        Envelope,
        EventReader,
        EventWriter,
        Headers,
        RelayStream,
        Written,
    )

API_VERSION = "2023-06-01"
"""The `anthropic-version` that Anthropic's SDKs send, and whose answers are read here. Later ones refuse sampling."""


class AnthropicMessages:
    """Anthropic's Messages API, `anthropic.messages`; a `core.dialect.Dialect`. Stateless.

    A base URL is that of Anthropic's SDKs, without a version: `https://api.anthropic.com`.
    """

    name = "anthropic.messages"
    forwarded_headers: tuple[str, ...] = ("anthropic-version", "anthropic-beta")
    models_path = "/v1/models"

    read_request = staticmethod(caller_request.read_request)
    output_asked = staticmethod(admission.output_asked)
    with_output = staticmethod(admission.with_output)
    load = staticmethod(admission.load)
    cache_writes = staticmethod(json_load.cache_writes)
    allowance_headers = staticmethod(admission.allowance_headers)
    write_response = staticmethod(caller_response.write_response)
    error_body = staticmethod(caller_response.error_body)
    error_event = staticmethod(caller_response.error_event)

    terms = staticmethod(terms.terms_asked)
    read_response = staticmethod(provider_response.read_response)
    read_error = staticmethod(provider_error.read_error)
    read_error_event = staticmethod(provider_error.read_error_event)
    read_models = staticmethod(provider_response.read_models)

    relay_request = staticmethod(relay.relay_request)
    read_usage = staticmethod(relay.read_usage)
    said = staticmethod(relay.said)

    def peek(self, body: bytes) -> Envelope:
        envelope = json_body.peek(body)
        admission.refuse_other_models(envelope)
        return envelope

    def event_writer(self, envelope: Envelope) -> EventWriter:
        return caller_stream.AnthropicEventWriter(envelope.model)

    def at(self, host: str) -> AnthropicMessages:
        """Itself: there is one way to speak it."""
        return self

    def path(self, model: str, *, stream: bool) -> str:
        """The same for every model: the body names it, and whether the answer streams."""
        return "/v1/messages"

    def headers(self, api_key: str) -> Headers:
        version = ("anthropic-version", API_VERSION)
        return (("x-api-key", api_key), version) if api_key else (version,)

    def write_request(self, request: GenerateRequest, model: str, *, stream: bool) -> Written:
        return provider_request.write_request(request, model, stream=stream)

    def event_reader(self, credential: str = "") -> EventReader:
        return provider_stream.AnthropicEventReader(credential)

    def relay_stream(self, envelope: Envelope, credential: str = "") -> RelayStream:
        return relay.AnthropicRelayStream(credential)
