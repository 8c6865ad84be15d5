"""Any bytes on a connection: the lean listener makes the same requests of them however they are cut, and never raises.

For atheris, which is not among the project's dependencies: `python -m tests.fuzz.requests -max_total_time=300`.
"""

from __future__ import annotations

import asyncio
import sys

import atheris

with atheris.instrument_imports(include=["tollwayd.translator"]):
    from tollwayd.translator.listeners.lean.flow import Flow
    from tollwayd.translator.listeners.lean.parser import RequestParser
    from tollwayd.translator.request import Request

LOOP = asyncio.new_event_loop()
HEAD = b" / HTTP/1.1\r\nHost: a\r\n"
CUT = b"\0"
"""What pieces end with; it is no part of them."""


def check(data: bytes) -> None:
    """Pieces behind a head each, or none where they begin with one: as they are, and byte by byte."""
    pieces = [piece[1:] if piece[:1] == b"!" else b"POST" + HEAD + piece for piece in data.split(CUT)]
    assert made(pieces) == made([bytes([each]) for each in b"".join(pieces)])


def made(pieces: list[bytes]) -> list[object]:
    """The requests, and None for what is none."""
    parser = RequestParser(Flow(LOOP))
    for piece in pieces:
        parser.feed(piece)
    return [said(each) if isinstance(each, Request) else None for each in parser.requests]


def said(request: Request) -> tuple[object, ...]:
    """All that a request says."""
    body = request.body and (request.body.whole, request.body.take())
    return request.method, request.target, request.version, dict(request.headers), body, request.keep_alive


def main() -> None:
    """Runs until atheris has had enough."""
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
