"""OpenAI's chat completions, as one dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollwayd.dialects import json_body, json_load
from tollwayd.dialects.openai_chat import (
    admission,
    caller_error,
    caller_request,
    caller_response,
    provider_error,
    provider_request,
    provider_response,
    relay,
    service_tier,
)
from tollwayd.dialects.openai_chat.event_reader import EventReader
from tollwayd.dialects.openai_chat.event_writer import EventWriter
from tollwayd.dialects.openai_chat.relay import RelayStream

if TYPE_CHECKING:
    from tollway.proxy.v1.inference_pb2 import GenerateRequest
    from tollwayd.core.dialect import Envelope, Headers, Written

KNOW_THE_OLDER_BOUND: Final = frozenset({"api.deepseek.com", "api.mistral.ai"})
"""Hosts that bound the output by `max_tokens` alone: the first is deaf to `max_completion_tokens`, so that nothing
would bound the output, the second refuses it."""


class OpenAIChat:
    """The dialect of `POST /chat/completions`, OpenAI's own and that of all the servers compatible with it."""

    name = "openai.chat"
    forwarded_headers = ("openai-beta", "x-client-request-id")
    models_path = "/models"

    peek = staticmethod(json_body.peek)
    read_request = staticmethod(caller_request.read_request)
    output_asked = staticmethod(admission.output_asked)
    with_output = staticmethod(admission.with_output)
    load = staticmethod(admission.load)
    cache_writes = staticmethod(json_load.cache_writes)
    allowance_headers = staticmethod(admission.allowance_headers)
    write_response = staticmethod(caller_response.write_response)
    error_body = staticmethod(caller_error.error_body)
    error_event = staticmethod(caller_error.error_event)

    terms = staticmethod(service_tier.terms_asked)
    read_response = staticmethod(provider_response.read_response)
    read_error = staticmethod(provider_error.read_error)
    read_error_event = staticmethod(provider_error.read_error_event)
    read_models = staticmethod(provider_response.read_models)

    read_usage = staticmethod(relay.read_usage)
    said = staticmethod(relay.said)

    def __init__(self, bound: str = admission.BOUND) -> None:
        self._bound = bound
        self.relay_request = relay.relay_request if bound == admission.BOUND else _relay_with_older_bound

    def at(self, host: str) -> OpenAIChat:
        return OpenAIChat(admission.OLDER_BOUND) if host in KNOW_THE_OLDER_BOUND else self

    def write_request(self, request: GenerateRequest, model: str, *, stream: bool) -> Written:
        return provider_request.write_request(request, model, stream=stream, bound=self._bound)

    def path(self, model: str, *, stream: bool) -> str:
        return "/chat/completions"

    def headers(self, api_key: str) -> Headers:
        return (("authorization", f"Bearer {api_key}"),) if api_key else ()

    def event_writer(self, envelope: Envelope) -> EventWriter:
        return EventWriter(envelope)

    def event_reader(self, credential: str = "") -> EventReader:
        return EventReader(credential)

    def relay_stream(self, envelope: Envelope, credential: str = "") -> RelayStream:
        return RelayStream(envelope, credential)


def _relay_with_older_bound(envelope: Envelope, model: str) -> bytes:
    return relay.relay_request(admission.with_older_bound(envelope), model)
