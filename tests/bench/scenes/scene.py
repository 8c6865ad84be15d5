"""What is asked and answered: a shape of answers, a size of prompts, and a way from the caller to the provider."""

from __future__ import annotations

import json
from typing import NamedTuple

from google.api.httpbody_pb2 import HttpBody

from tests.bench.scenes.request import Request
from tollway.proxy.v1.inference_pb2 import GenerateRequest
from tollway.proxy.v1.openai_pb2 import CreateChatCompletionRequest

SIZES = {"1k": 1_000, "10k": 10_000, "100k-tokens": 400_000}
"""Bytes of the prompt, by what it is called."""

LINE = "Where do all roads lead, and what does the toll come to on the way there and back?\n"
MAX_TOKENS = 256


class Way(NamedTuple):
    """A caller's API and a provider's dialect; `path` is that of REST, or the gRPC method."""

    caller: str
    provider: str
    path: str
    stream_path: str = ""
    grpc: bool = False


CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
_INFERENCE = "/tollway.proxy.v1.InferenceService/"
WAYS = {
    "openai": Way("openai", "openai", CHAT),
    "openai-to-anthropic": Way("openai", "anthropic", CHAT),
    "anthropic-to-openai": Way("anthropic", "openai", MESSAGES),
    "grpc-typed": Way("typed", "openai", _INFERENCE + "Generate", _INFERENCE + "StreamGenerate", grpc=True),
    "grpc-raw": Way("raw", "openai", "/tollway.proxy.v1.OpenAIService/CreateChatCompletion", grpc=True),
}

SHAPES = ("unary", "paced", "fast")
"""A whole answer; a stream of 64 deltas, one each 20 ms; the same as fast as it goes."""

PROVIDER_PATHS = {"openai": CHAT, "anthropic": MESSAGES}


class Scene(NamedTuple):
    """A shape, a size and a way, each by its name."""

    shape: str
    size: str
    way_name: str

    @property
    def name(self) -> str:
        """As it stands in results, and as one picks it."""
        return f"{self.shape}/{self.size}/{self.way_name}"

    @property
    def way(self) -> Way:
        """How callers ask, and whom the gateway asks."""
        return WAYS[self.way_name]

    @property
    def streamed(self) -> bool:
        """Whether the answer is a stream."""
        return self.shape != "unary"

    def of_gateway(self, port: int, key: str, model: str = "") -> Request:
        """What a caller of the gateway asks; the model is called as its provider's dialect, unless told otherwise."""
        way = self.way
        path = (way.stream_path if self.streamed else "") or way.path
        return Request(port, path, body_of(way.caller, model or way.provider, self), key, way.grpc)

    def of_provider(self, port: int, model: str = "gpt") -> Request:
        """What the provider would be asked without a gateway."""
        return Request(port, PROVIDER_PATHS[self.way.provider], body_of(self.way.provider, model, self))


def body_of(caller: str, model: str, scene: Scene) -> bytes:
    """A request in this API."""
    prompt = LINE * (SIZES[scene.size] // len(LINE)) or LINE
    if caller == "typed":
        request = GenerateRequest(model=model, max_output_tokens=MAX_TOKENS, temperature=0.5)
        for role, text in (("ROLE_SYSTEM", "You are brief."), ("ROLE_USER", prompt)):
            request.messages.add(role=role).parts.add().text.text = text
        return request.SerializeToString()
    if caller == "raw":
        body = HttpBody(content_type="application/json", data=body_of("openai", model, scene))
        return CreateChatCompletionRequest(body=body).SerializeToString()
    return json.dumps(_json(caller, model, prompt) | ({"stream": True} if scene.streamed else {})).encode()


def _json(caller: str, model: str, prompt: str) -> dict:
    turns = [{"role": "user", "content": prompt}]
    options = {"model": model, "max_tokens": MAX_TOKENS, "temperature": 0.5}
    if caller == "anthropic":
        return {**options, "system": "You are brief.", "messages": turns}
    return {**options, "messages": [{"role": "system", "content": "You are brief."}, *turns]}
