"""What the providers of the benchmark answer, whole and as events of a stream."""

from __future__ import annotations

import json
from typing import NamedTuple

TEXT = "All roads lead to Rome, and this one is metered. " * 12
TOKENS = 64
PACE_SECONDS = 0.02
STAMP = "@" + "0" * 19
"""What a paced stream's program replaces by the time: upstreams/paced.c."""

WORD = " and a word or two of it"
"""What a delta says in a stream without stamps."""


class Stream(NamedTuple):
    """The events before the deltas, one delta, and the events behind them."""

    opening: str
    delta: str
    closing: str

    def whole(self) -> str:
        """All of it, TOKENS deltas long."""
        return self.opening + self.delta * TOKENS + self.closing


_OPENAI = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": "gpt-4.1-2025-04-14"}
_OPENAI_USAGE = {"prompt_tokens": 120, "completion_tokens": 150, "total_tokens": 270}
_CLAUDE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5"}

WHOLE = {
    "openai": json.dumps(
        {
            **_OPENAI,
            "object": "chat.completion",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
            "usage": _OPENAI_USAGE,
        }
    ),
    "anthropic": json.dumps(
        {
            **_CLAUDE,
            "content": [{"type": "text", "text": TEXT}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 120, "output_tokens": 150},
        }
    ),
}
"""Answers of about a kilobyte, by dialect."""


def stream(dialect: str, said: str) -> Stream:
    """The events of a stream in the dialect, each delta of which says this."""
    return _openai(said) if dialect == "openai" else _anthropic(said)


def _openai(said: str) -> Stream:
    def chunk(delta: dict, finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _data({**_OPENAI, "object": "chat.completion.chunk", "choices": [choice], "usage": None})

    usage = {**_OPENAI, "object": "chat.completion.chunk", "choices": [], "usage": _OPENAI_USAGE}
    opening = chunk({"role": "assistant", "content": ""})
    return Stream(opening, chunk({"content": said}), chunk({}, "stop") + _data(usage) + "data: [DONE]\n\n")


def _anthropic(said: str) -> Stream:
    def event(kind: str, **fields: object) -> str:
        return f"event: {kind}\n" + _data({"type": kind, **fields})

    message = {**_CLAUDE, "content": [], "stop_reason": None, "usage": {"input_tokens": 120, "output_tokens": 1}}
    block = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    delta = event("content_block_delta", index=0, delta={"type": "text_delta", "text": said})
    end = {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 150}}
    closing = event("content_block_stop", index=0) + event("message_delta", **end) + event("message_stop")
    return Stream(event("message_start", message=message) + block, delta, closing)


def _data(value: object) -> str:
    return f"data: {json.dumps(value, separators=(',', ':'))}\n\n"
