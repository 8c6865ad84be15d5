"""Page tokens (AIP-158): where the next page starts, good for the one listing that they were given out for."""

from __future__ import annotations

import binascii
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any, Final

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PageTokens", "listing_of"]

MAX_LENGTH: Final = 1024
"""Of a token; the longest resource name makes one of about 250 characters."""

_TAG_BYTES: Final = 16  # 128 bits cannot be guessed, and there is nothing to find by collision.


def listing_of(request: Any) -> tuple[str]:
    """A listing whose tokens are good for every request that is this one but for `page_size` and `page_token`."""
    bound = type(request)()
    bound.CopyFrom(request)
    bound.ClearField("page_size")
    bound.ClearField("page_token")
    return (bound.SerializeToString(deterministic=True).hex(),)


class PageTokens:
    """Makes and reads page tokens under a key of 32 bytes, which all replicas share."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, after: str, listing: Sequence[str]) -> str:
        """The token for what comes after the resource named `after`, in the listing with these arguments."""
        place = after.encode()
        return urlsafe_b64encode(self._tag(place, listing) + place).rstrip(b"=").decode()

    def read(self, token: str, listing: Sequence[str]) -> str:
        """The name that was given to `issue`. REASON_PAGE_TOKEN_INVALID for any token not issued for this listing."""
        decoded = _decode(token)
        tag, place = decoded[:_TAG_BYTES], decoded[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(place, listing)):
            raise TollwayError(Reason.REASON_PAGE_TOKEN_INVALID)
        return place.decode()

    def _tag(self, place: bytes, listing: Sequence[str]) -> bytes:
        # JSON quotes every part, so no two listings are the same bytes.
        bound = json.dumps([place.hex(), *listing]).encode()
        return hmac.digest(self._key, bound, "sha256")[:_TAG_BYTES]


def _decode(token: str) -> bytes:
    if len(token) > MAX_LENGTH or not token.isascii():
        raise TollwayError(Reason.REASON_PAGE_TOKEN_INVALID)
    try:
        return urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        raise TollwayError(Reason.REASON_PAGE_TOKEN_INVALID) from None
