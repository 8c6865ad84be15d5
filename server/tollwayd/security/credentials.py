"""Where a caller's credential stands: each SDK has its own place for it, and all of them are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["QUERY_KEY", "find_credential"]

QUERY_KEY = "query-key"
"""The metadata under which the REST door hands on the query parameter `key`, which Google's SDKs send."""

_KEY_NAMES = ("x-api-key", "x-goog-api-key", QUERY_KEY)


def find_credential(metadata: Mapping[str, str]) -> str:
    """The credential in a call's metadata (lower-case names), empty where there is none.

    REASON_CREDENTIAL_INVALID where two places hold different ones: the gateway must not choose whom to believe.
    """
    authorization = metadata.get("authorization", "")
    # Nearly all write it so.
    found = authorization[7:].strip() if authorization.startswith("Bearer ") else _bearer(authorization)
    for name in _KEY_NAMES:
        if name not in metadata:
            continue
        presented = metadata[name].strip()
        if not presented or presented == found:
            continue
        if found:
            raise TollwayError(Reason.REASON_CREDENTIAL_INVALID, "Two different credentials were given. Send one.")
        found = presented
    return found


def _bearer(authorization: str) -> str:
    # Other schemes are none of ours: a proxy on the way may have left its own `Basic` one.
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
