"""A provider's credential on its way in: sealed, and a mask left in its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import invalid_field
from tollwayd.core.sealing import credential_context

if TYPE_CHECKING:
    from tollway.config.v1.records_pb2 import ProviderRecord
    from tollwayd.admin.vault import Vault
    from tollwayd.core.origin import Origin

__all__ = ["mask", "put_away"]

MASK: Final = "***"
"""Stands for a credential wherever one is shown."""

MIN_SHOWN: Final = 12
"""Characters of a credential whose last four are shown: of a shorter one they would be too large a part."""

_FIELD: Final = "provider.credential.apiKey"

# It goes into a header. Spaces and line ends come from copying, and would be a riddle in the provider's answer.
_VISIBLE_ASCII = re.compile(r"[!-~]+")


def put_away(
    vault: Vault, before: ProviderRecord | None, after: ProviderRecord, origin: Origin, *, moved: bool
) -> None:
    """Seals the credential that `after.provider` carries, for this provider and `origin` alone, and masks it there.

    The mask that is stored keeps the credential as it is, unless the provider has `moved` to another origin since; no
    credential forgets the one of before. REASON_FIELD_INVALID.
    """
    presented = after.provider.credential.api_key
    kept = before.provider.credential.api_key if before is not None else ""
    if not presented:
        after.ClearField("api_key")
        after.provider.ClearField("credential")
    elif presented != kept:
        _check(presented)
        after.api_key.CopyFrom(vault.seal(presented, credential_context(after.provider.name, origin)))
        after.provider.credential.api_key = mask(presented)
    elif moved:
        raise invalid_field(_FIELD, "has to be sent again, because baseUrl now names another host, scheme or port")


def mask(secret: str) -> str:
    """What is shown of a credential."""
    return MASK + secret[-4:] if len(secret) >= MIN_SHOWN else MASK


def _check(presented: str) -> None:
    if presented.startswith(MASK):
        raise invalid_field(_FIELD, "is a mask, but not this provider's; send the credential itself")
    if not _VISIBLE_ASCII.fullmatch(presented):
        raise invalid_field(_FIELD, "has characters that no API key has, such as a space or a line end")
