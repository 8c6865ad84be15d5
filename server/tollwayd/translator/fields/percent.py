"""Percent-decoding (RFC 3986, section 2.1) that refuses what it cannot read instead of guessing."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from tollwayd.core.errors import Reason, TollwayError

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SLASH = re.compile("%(2[Ff])")


def decode(text: str, *, keep_slashes: bool = False) -> str:
    """`text` with its escapes decoded; `keep_slashes` leaves `%2F` and `%2f` as they are.

    TollwayError for an escape that is not one, and for bytes that are not UTF-8, escaped or not.
    """
    if text.isascii() and "%" not in text:
        return text
    if _BROKEN_ESCAPE.search(text):
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "The URL has a '%' without two hexadecimal digits.")
    if keep_slashes:
        text = _SLASH.sub(r"%25\1", text)
    try:
        # aiohttp hands over bytes that are not UTF-8 as surrogates (PEP 383).
        return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode()
    except UnicodeDecodeError:
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "The URL is not UTF-8.") from None
