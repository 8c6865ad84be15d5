"""Which endpoint a path is. Only the path's end counts, so a base URL may have any path of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tollwayd.mock.anthropic import AnthropicMessages
from tollwayd.mock.exchange import RequestError
from tollwayd.mock.gemini import Gemini
from tollwayd.mock.openai import OpenAIChat

if TYPE_CHECKING:
    from tollwayd.mock.dialect import Dialect
    from tollwayd.mock.journal import Received
    from tollwayd.mock.script import Operation


class Endpoint(NamedTuple):
    """A dialect, and what it is asked to do."""

    dialect: Dialect
    operation: Operation


OPENAI = OpenAIChat()
_ANTHROPIC = AnthropicMessages()
_GEMINI = Gemini()

_ROUTES: tuple[tuple[str, re.Pattern[str], Endpoint], ...] = (
    ("POST", re.compile(r".*/chat/completions"), Endpoint(OPENAI, "generate")),
    ("POST", re.compile(r".*/messages"), Endpoint(_ANTHROPIC, "generate")),
    ("POST", re.compile(r".*/messages/count_tokens"), Endpoint(_ANTHROPIC, "count_tokens")),
    ("POST", re.compile(r".*/models/.+:(generateContent|streamGenerateContent)"), Endpoint(_GEMINI, "generate")),
    ("POST", re.compile(r".*/models/.+:countTokens"), Endpoint(_GEMINI, "count_tokens")),
    ("GET", re.compile(r".*/v1beta/models"), Endpoint(_GEMINI, "list_models")),
    ("GET", re.compile(r".*/models"), Endpoint(OPENAI, "list_models")),
)


def find_endpoint(received: Received) -> Endpoint:
    """The endpoint of a request. RequestError where there is none for its path, or not with its method."""
    found = [(method, endpoint) for method, path, endpoint in _ROUTES if path.fullmatch(received.path)]
    if not found:
        raise RequestError(404, "The mock provider has no such endpoint; docs/mock.md lists those it has.")
    method, endpoint = found[0]
    if method != received.method:
        raise RequestError(405, f"This endpoint is for {method}.")
    if endpoint == Endpoint(OPENAI, "list_models") and {"x-api-key", "anthropic-version"} & received.headers.keys():
        # Both vendors list their models at the same path; the headers tell whose SDK asks.
        return Endpoint(_ANTHROPIC, "list_models")
    return endpoint
