"""Usage as OpenAI and those who speak like it count it, to and from the canonical classes."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from tollway.proxy.v1.inference_pb2 import Usage
from tollwayd.dialects.json_counts import MAX_TOKENS, count, object_or_empty

_Count = Annotated[int, Meta(ge=0, le=MAX_TOKENS)] | None


class _PromptDetails(Struct):
    cached_tokens: _Count = None
    cache_write_tokens: _Count = None
    audio_tokens: _Count = None
    image_tokens: _Count = None


class _CompletionDetails(Struct):
    reasoning_tokens: _Count = None
    audio_tokens: _Count = None
    image_tokens: _Count = None


class _ServerTools(Struct):
    web_search_requests: _Count = None


class UsageSaid(Struct):
    """A `usage` member in which every count that is read is one. Most are, and are read so in a fifth of the time."""

    prompt_tokens: _Count = None
    completion_tokens: _Count = None
    total_tokens: _Count = None
    prompt_cache_hit_tokens: _Count = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    server_tool_use: _ServerTools | None = None

    def usage(self, terms: str = "") -> Usage | None:
        """In classes that do not overlap; None where it names neither prompt nor completion tokens."""
        prompt, completion = self.prompt_tokens, self.completion_tokens
        if prompt is None and completion is None:
            return None
        prompt, completion = prompt or 0, completion or 0
        cached, written = self._cached(prompt)
        output, reasoning = self._generated(prompt, completion)
        fresh = prompt - cached - written
        usage = Usage(input_tokens=fresh, output_tokens=output)
        # Setting what most answers have none of takes as long as all else.
        if cached:
            usage.cache_read_tokens = cached
        if written:
            usage.cache_write_tokens = written
        if reasoning:
            usage.reasoning_tokens = reasoning
        if terms:
            usage.terms = terms
        if (parts := self._parts(fresh, cached, output)) is not None:
            usage.parts.CopyFrom(parts)
        return usage

    def _parts(self, fresh: int, cached: int, output: int) -> Usage.Parts | None:
        """What is counted apart. Which sounds and pictures were read from the cache nobody says: as few as can be, for
        they are cheaper there."""
        prompt = self.prompt_tokens_details or _NO_PROMPT_DETAILS
        completion = self.completion_tokens_details or _NO_COMPLETION_DETAILS
        heard, seen = prompt.audio_tokens, prompt.image_tokens
        spoken, drawn = completion.audio_tokens, completion.image_tokens
        searches = self.server_tool_use.web_search_requests if self.server_tool_use is not None else None
        if not (heard or seen or spoken or drawn or searches):
            return None
        heard, seen, spoken = heard or 0, seen or 0, min(spoken or 0, output)
        parts = Usage.Parts(
            input_audio_tokens=min(heard, fresh),
            cache_read_audio_tokens=min(max(0, heard - fresh), cached),
            output_audio_tokens=spoken,
            output_image_tokens=min(drawn or 0, output - spoken),
            web_searches=searches or 0,
        )
        parts.input_image_tokens = min(seen, fresh - parts.input_audio_tokens)
        unread = cached - parts.cache_read_audio_tokens
        parts.cache_read_image_tokens = min(max(0, seen - parts.input_image_tokens), unread)
        return parts

    def _cached(self, prompt: int) -> tuple[int, int]:
        """Tokens read from the prompt cache and written to it, both of them part of the prompt's."""
        details = self.prompt_tokens_details or _NO_PROMPT_DETAILS
        cached, written = details.cached_tokens, details.cache_write_tokens or 0
        if cached is None:
            cached = self.prompt_cache_hit_tokens or 0  # DeepSeek's older name.
        cached = min(cached, prompt) if cached else 0
        return cached, (min(written, prompt - cached) if written else 0)

    def _generated(self, prompt: int, completion: int) -> tuple[int, int]:
        """Tokens of the answer proper and of reasoning.

        OpenAI counts reasoning within the completion. xAI counts it beside, Google's compatible endpoint too and
        without naming it: there the total exceeds the sum, and what it exceeds by was generated and is billed as
        reasoning.
        """
        details = self.completion_tokens_details or _NO_COMPLETION_DETAILS
        total = self.total_tokens or 0
        excess = total - prompt - completion if total > prompt + completion else 0
        generated = completion + excess
        reasoning = details.reasoning_tokens or excess
        # More reasoning than was generated in all: it stands beside the completion, and the total left it out.
        return (generated - reasoning if reasoning <= generated else completion), reasoning


_NO_PROMPT_DETAILS = _PromptDetails()
_NO_COMPLETION_DETAILS = _CompletionDetails()


def read_usage(said: object, terms: str = "") -> Usage | None:
    """The usage in a `usage` member of whatever kind, of a call on these terms; a count that is none is taken for
    absent."""
    if not isinstance(said, dict):
        return None
    prompt = object_or_empty(said.get("prompt_tokens_details"))
    completion = object_or_empty(said.get("completion_tokens_details"))
    return UsageSaid(
        prompt_tokens=count(said.get("prompt_tokens")),
        completion_tokens=count(said.get("completion_tokens")),
        total_tokens=count(said.get("total_tokens")),
        prompt_cache_hit_tokens=count(said.get("prompt_cache_hit_tokens")),
        prompt_tokens_details=_PromptDetails(*(count(prompt.get(name)) for name in _PromptDetails.__struct_fields__)),
        completion_tokens_details=_CompletionDetails(
            *(count(completion.get(name)) for name in _CompletionDetails.__struct_fields__)
        ),
        server_tool_use=_ServerTools(count(object_or_empty(said.get("server_tool_use")).get("web_search_requests"))),
    ).usage(terms)


def usage_members(usage: Usage) -> dict[str, Any]:
    """The `usage` member that says this usage, as OpenAI counts: cached tokens are prompt, reasoning is completion."""
    written = usage.cache_write_tokens + usage.cache_write_1h_tokens
    prompt = usage.input_tokens + usage.cache_read_tokens + written
    completion = usage.output_tokens + usage.reasoning_tokens
    prompt_details = {"cached_tokens": usage.cache_read_tokens}
    if written:
        prompt_details["cache_write_tokens"] = written
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
