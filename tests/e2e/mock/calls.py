"""Calls by hand: requests as bytes, and whatever comes back of a broken answer."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import NamedTuple

from tests.wire.http1 import TIMEOUT, request

HELLO = "Hello there!"


def chat(model: str = "gpt", prompt: str = HELLO, **more: object) -> bytes:
    """A chat completion in OpenAI's dialect."""
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], **more}
    return request("POST", "/v1/chat/completions", body=json.dumps(body).encode())


def gemini(verb: str, *, model: str = "gemini", query: str = "", **more: object) -> bytes:
    """A call in Gemini's dialect."""
    body = {"contents": [{"role": "user", "parts": [{"text": HELLO}]}], **more}
    return request("POST", f"/v1beta/models/{model}:{verb}{query}", body=json.dumps(body).encode())


class Outcome(NamedTuple):
    """Every byte that came, whether the connection was then closed in order or reset, and in how many reads."""

    content: bytes
    end: str
    reads: int

    @property
    def head(self) -> bytes:
        return self.content.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        """The body's bytes, out of their chunks where they came in some."""
        head, _, body = self.content.partition(b"\r\n\r\n")
        return b"".join(_chunks(body)) if b"chunked" in head else body


async def outcome(provider, sent: bytes) -> Outcome:
    """Sends a request on a socket of its own, and reads until the provider ends it."""
    loop = asyncio.get_running_loop()
    with socket.socket() as connected:
        connected.setblocking(False)
        await loop.sock_connect(connected, (provider.host, provider.port))
        await loop.sock_sendall(connected, sent)
        reads = []
        async with asyncio.timeout(TIMEOUT):
            try:
                while read := await loop.sock_recv(connected, 65_536):
                    reads.append(read)
            except ConnectionResetError:
                return Outcome(b"".join(reads), "reset", len(reads))
        return Outcome(b"".join(reads), "closed", len(reads))


def events(body: bytes) -> list[object]:
    """The JSON of every server-sent event that has some."""
    lines = [line.removeprefix(b"data: ") for line in body.splitlines() if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def _chunks(body: bytes):
    while body:
        size, _, body = body.partition(b"\r\n")
        yield body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
