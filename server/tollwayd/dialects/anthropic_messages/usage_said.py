"""The `usage` member of a whole answer, where all of it is as it should be."""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from tollway.proxy.v1.inference_pb2 import Usage
from tollwayd.dialects.anthropic_messages.terms import name_of
from tollwayd.dialects.json_counts import MAX_TOKENS

_Count = Annotated[int, Meta(ge=0, le=MAX_TOKENS)] | None


class _CacheWrites(Struct):
    ephemeral_5m_input_tokens: _Count = None
    ephemeral_1h_input_tokens: _Count = None


class _OutputDetails(Struct):
    thinking_tokens: _Count = None


class _ServerTools(Struct):
    web_search_requests: _Count = None


_NO_WRITES: Final = _CacheWrites()


class UsageSaid(Struct):
    """Says what `usage.UsageTally` makes of the same member, in a third of the time. What is not as its types say, and
    `iterations`, is for that one."""

    input_tokens: _Count = None
    cache_read_input_tokens: _Count = None
    cache_creation_input_tokens: _Count = None
    cache_creation: _CacheWrites | None = None
    output_tokens: _Count = None
    output_tokens_details: _OutputDetails | None = None
    server_tool_use: _ServerTools | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None
    iterations: Any = None

    def usage(self) -> Usage:
        """In classes that do not overlap."""
        output, thinking = self.output_tokens or 0, 0
        if self.output_tokens_details is not None:
            thinking = min(self.output_tokens_details.thinking_tokens or 0, output)
        usage = Usage(input_tokens=self.input_tokens or 0, output_tokens=output - thinking)
        # Setting what most answers have none of takes as long as all else.
        if self.cache_read_input_tokens:
            usage.cache_read_tokens = self.cache_read_input_tokens
        if self.cache_creation_input_tokens or self.cache_creation is not None:
            self._add_cache_writes(usage)
        if thinking:
            usage.reasoning_tokens = thinking
        if terms := name_of((self.service_tier, self.speed, self.inference_geo)):
            usage.terms = terms
        if self.server_tool_use is not None and self.server_tool_use.web_search_requests:
            usage.parts.web_searches = self.server_tool_use.web_search_requests
        return usage

    def _add_cache_writes(self, usage: Usage) -> None:
        by_duration = self.cache_creation or _NO_WRITES
        written_5m = by_duration.ephemeral_5m_input_tokens or 0
        written_1h = by_duration.ephemeral_1h_input_tokens or 0
        total = max(self.cache_creation_input_tokens or 0, written_5m + written_1h)
        if written_1h and not written_5m:
            written_1h = total
        if total:
            usage.cache_write_tokens, usage.cache_write_1h_tokens = total - written_1h, written_1h
