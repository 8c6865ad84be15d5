"""Any bytes as header fields: metadata, a deadline and a content coding, or a TollwayError.

For atheris, which is not among the project's dependencies: `python -m tests.fuzz.headers -max_total_time=300`.
"""

from __future__ import annotations

import sys
import time

import atheris
from multidict import CIMultiDict

with atheris.instrument_imports(include=["tollwayd.translator"]):
    from tollwayd.core.errors import TollwayError
    from tollwayd.translator.answers.codings import CODINGS
    from tollwayd.translator.answers.encoding import chosen
    from tollwayd.translator.head.metadata import deadline, request_metadata
    from tollwayd.translator.listeners.aiohttp_listener.requests import joined

NAMES = (
    "accept-encoding",
    "grpc-timeout",
    "X-Server-Timeout",
    "Connection",
    "Grpc-Metadata-A",
    "grpc-metadata-connection",
    "grpc-metadata-grpc-timeout",
    "x_a",
    "te",
    "a",
    "",
)


def check(data: bytes) -> None:
    """Lines: of each the first byte is the name, the rest the value; with a high bit it names itself up to a colon."""
    fields: CIMultiDict[str] = CIMultiDict()
    for line in data.split(b"\n"):
        name, _, value = line[1:].partition(b":") if line[:1] > b"\x7f" else (b"", b"", line[1:])
        known = NAMES[line[0] % len(NAMES)] if line else "b"
        fields.add(name.decode("ascii", "ignore") or known, value.decode("utf-8", "surrogateescape"))
    headers = joined(fields.items())
    metadata = request_metadata(headers)
    for key, text in metadata.items():
        assert key == key.lower()
        assert key not in {"connection", "te", "grpc-timeout", ""}
        assert "_" not in key or key in {name.lower().removeprefix("grpc-metadata-") for name in headers}
        text.encode()
    assert chosen(headers.get("accept-encoding", "")) in {None, *CODINGS}
    try:
        end = deadline(headers)
    except TollwayError:
        return
    assert end is None or 0 <= end - time.monotonic() + 1 < 4e11


def main() -> None:
    """Runs until atheris has had enough."""
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
