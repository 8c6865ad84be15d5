"""Any text as percent-encoded: decoded as the standard says (RFC 3986, section 2.1), or refused with a TollwayError.

For atheris, which is not among the project's dependencies: `python -m tests.fuzz.escapes -max_total_time=300`.
"""

from __future__ import annotations

import re
import sys
from urllib.parse import quote

import atheris

with atheris.instrument_imports(include=["tollwayd.translator"]):
    from tollwayd.core.errors import TollwayError
    from tollwayd.translator.fields.percent import decode

ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")
SLASH = re.compile(rb"(%2[Ff])")


def check(data: bytes) -> None:
    """The bytes of a request's target."""
    plain = ESCAPE.sub(unescaped, data)
    # A slash's escape stays, with all else decoded around it.
    kept = b"".join(part if SLASH.fullmatch(part) else ESCAPE.sub(unescaped, part) for part in SLASH.split(data))
    text = data.decode("utf-8", "surrogateescape")  # As aiohttp hands it over.
    for expected, keep_slashes in ((plain, False), (kept, True)):
        try:
            decoded = decode(text, keep_slashes=keep_slashes)
        except TollwayError:
            assert BROKEN.search(data) or not is_text(expected)
        else:
            assert decoded.encode() == expected
            assert keep_slashes or decode(quote(decoded, safe="")) == decoded


def unescaped(found: re.Match[bytes]) -> bytes:
    """The byte that an escape stands for."""
    return bytes.fromhex(found[1].decode())


def is_text(data: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def main() -> None:
    """Runs until atheris has had enough."""
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
