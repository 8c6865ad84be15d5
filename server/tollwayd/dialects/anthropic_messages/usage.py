"""Usage as Anthropic counts it, to and from the canonical classes.

Anthropic's `input_tokens` leave out what was read from the cache or written to it, so the input classes are disjoint
as they come. Its `output_tokens` hold the thinking, which newer answers count apart as well. What was used to summarize
a conversation that had become too long (compaction) is in none of these but under `iterations`, and is billed.
"""

from __future__ import annotations

from typing import Any, Final

from tollway.proxy.v1.inference_pb2 import Usage
from tollwayd.dialects.anthropic_messages.terms import SaidTerms
from tollwayd.dialects.json_counts import MAX_TOKENS, count, object_or_empty

MAX_ITERATIONS: Final = 100
"""Iterations of one answer that are read."""

_FIELDS = ("input_tokens", "cache_read_input_tokens", "output_tokens")


class UsageTally:
    """The usage of one answer, from all the places that name it. Counts are cumulative and may be corrected downwards,
    so of each one the last value holds; nothing is ever summed over events."""

    __slots__ = ("_compactions", "_counts", "_searches", "_terms", "_thinking", "_written_1h", "_written_5m")

    def __init__(self) -> None:
        self._counts = dict.fromkeys(_FIELDS, 0)
        self._compactions: list[Usage] = []
        self._thinking = 0
        self._written_5m = 0
        self._written_1h = 0
        self._terms = SaidTerms()
        self._searches = 0

    def add(self, said: object) -> Usage | None:
        """Takes one `usage` object in and gives the usage as of now; None where `said` is no such object."""
        if not isinstance(said, dict):
            return None
        for field in _FIELDS:
            self._counts[field] = _count(said.get(field), self._counts[field])
        details = object_or_empty(said.get("output_tokens_details"))
        self._thinking = _count(details.get("thinking_tokens"), self._thinking)
        self._add_cache_writes(said)
        self._terms.add(said)
        if tools := said.get("server_tool_use"):
            self._searches = _count(object_or_empty(tools).get("web_search_requests"), self._searches)
        if isinstance(iterations := said.get("iterations"), list):
            self._compactions = [_one_of(each) for each in iterations[:MAX_ITERATIONS] if _compacts(each)]
        return self._whole(self._usage())

    def _add_cache_writes(self, said: dict[str, Any]) -> None:
        """A stream breaks the writes down by duration in its first event alone; later ones only give the sum.

        Growth of the sum then goes to the class that the breakdown named, and to the cheaper one where it named both.
        """
        by_duration = object_or_empty(said.get("cache_creation"))
        self._written_5m = _count(by_duration.get("ephemeral_5m_input_tokens"), self._written_5m)
        self._written_1h = _count(by_duration.get("ephemeral_1h_input_tokens"), self._written_1h)
        known = self._written_5m + self._written_1h
        total = _count(said.get("cache_creation_input_tokens"), known)
        if by_duration:
            total = max(total, known)
        only_1h = self._written_1h > 0 and self._written_5m == 0
        self._written_1h = total if only_1h else min(self._written_1h, total)
        self._written_5m = total - self._written_1h

    def _whole(self, answer: Usage) -> Usage:
        """The answer's usage with that of compactions."""
        for one in self._compactions:
            for field, more in one.ListFields():
                if type(more) is int:
                    setattr(answer, field.name, min(getattr(answer, field.name) + more, MAX_TOKENS))
        return answer

    def _usage(self) -> Usage:
        output = self._counts["output_tokens"]
        thinking = min(self._thinking, output)
        return Usage(
            input_tokens=self._counts["input_tokens"],
            cache_read_tokens=self._counts["cache_read_input_tokens"],
            cache_write_tokens=self._written_5m,
            cache_write_1h_tokens=self._written_1h,
            output_tokens=output - thinking,
            reasoning_tokens=thinking,
            terms=self._terms.name(),
            parts=Usage.Parts(web_searches=self._searches) if self._searches else None,
        )


def _compacts(iteration: object) -> bool:
    return isinstance(iteration, dict) and iteration.get("type") == "compaction"


def _one_of(iteration: dict[str, Any]) -> Usage:
    return UsageTally().add({**iteration, "iterations": None}) or Usage()


def _count(value: object, otherwise: int) -> int:
    found = count(value)
    return otherwise if found is None else found


def usage_fields(usage: Usage) -> dict[str, Any]:
    """The usage as Anthropic's JSON object."""
    fields: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens + usage.cache_write_1h_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        },
        "output_tokens": usage.output_tokens + usage.reasoning_tokens,
    }
    if usage.reasoning_tokens:
        fields["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return fields
