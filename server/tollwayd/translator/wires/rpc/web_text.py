"""Base64 as bodies have it in gRPC-Web's text form, and messages in Connect's queries: strictly, or not at all."""

from __future__ import annotations

import binascii
from contextlib import aclosing
from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


def encoded_bytes(size: int) -> int:
    """How long `size` bytes are in base64."""
    return (size + 2) // 3 * 4


def decode(text: bytes) -> bytes:
    """The bytes that the text stands for; REASON_REQUEST_MALFORMED where it is no padded base64."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "The message is not valid base64.") from None


async def decoded(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The bytes of a text that comes in pieces, each cut anywhere. TollwayError as `decode`."""
    rest = b""
    async with aclosing(pieces):
        async for piece in pieces:
            text = rest + piece
            whole = len(text) - len(text) % 4
            rest = text[whole:]
            if part := text[:whole]:
                yield decode(part)
                if part.endswith(b"="):  # Padding is the end: what follows has to be nothing, which `decode` refuses.
                    rest = part[-1:] + rest
    if rest and rest != b"=":
        decode(rest)
