"""Ids for tool calls whose provider gives none; without one, no result could be joined to its call."""

from __future__ import annotations

from hashlib import blake2b


def tool_call_id(answer_id: str, place: int) -> str:
    """An id for the answer's tool call at this place, from 0: always the same, and no other answer's.

    Of letters, digits and an underscore, and 29 long: Anthropic takes no other characters, OpenAI no more than 40.
    """
    return "call_" + blake2b(f"{answer_id}/{place}".encode(), digest_size=12).hexdigest()
