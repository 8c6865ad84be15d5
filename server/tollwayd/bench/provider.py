"""`python -m tollwayd.bench.provider`: an OpenAI provider that costs little, and prints the port that it listens on.

It answers with the same text whatever it is asked, or with a stream of TOKENS tokens at a model's pace, each of which
says when it was sent.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any, Final

import httptools
import uvloop

TOKENS: Final = 64
PACE_SECONDS: Final = 0.02
STREAM_SECONDS: Final = TOKENS * PACE_SECONDS

_TEXT: Final = "All roads lead to Rome, and this one is metered. " * 12
_HEAD: Final = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": "gpt-bench"}
_USAGE: Final = {"prompt_tokens": 120, "completion_tokens": 150, "total_tokens": 270}
_WHOLE: Final = json.dumps(
    {
        **_HEAD,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": _TEXT}, "finish_reason": "stop"}],
        "usage": _USAGE,
    }
).encode()
_ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_WHOLE)
) + _WHOLE
_STREAM_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def _chunk(delta: dict[str, Any], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps({**_HEAD, "object": "chat.completion.chunk", "choices": [choice], "usage": None})


def _framed(event: str) -> bytes:
    data = f"data: {event}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


_END: Final = json.dumps({**_HEAD, "object": "chat.completion.chunk", "choices": [], "usage": _USAGE})
_CLOSING: Final = _framed(_chunk({}, "stop")) + _framed(_END) + _framed("[DONE]") + b"0\r\n\r\n"
_OPENING: Final = _STREAM_HEAD + _framed(_chunk({"role": "assistant", "content": ""}))
_BEFORE, _AFTER = _chunk({"content": "@STAMP"}).split("STAMP")


class _Provided(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]  # TCP's can write.
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        streamed, self._body = json.loads(self._body).get("stream"), b""
        if streamed:
            self._transport.write(_OPENING)
            self._send_token(0, asyncio.get_running_loop().time())
        else:
            self._transport.write(_ANSWER)

    def _send_token(self, number: int, began: float) -> None:
        if self._transport.is_closing():
            return
        token = _framed(f"{_BEFORE}{time.time_ns():019d}{_AFTER}")
        if number + 1 == TOKENS:
            self._transport.write(token + _CLOSING)
            return
        self._transport.write(token)
        due = began + (number + 1) * PACE_SECONDS
        asyncio.get_running_loop().call_at(due, self._send_token, number + 1, began)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Provided, "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
