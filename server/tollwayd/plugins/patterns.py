"""The patterns of the protos in words: a caller who broke one should not have to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ID: Final = "[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
_ID_WORDS: Final = (
    "lower-case letters, digits and hyphens, 63 at most, beginning with a letter and ending with a letter or digit"
)
_ANY: Final = "[^/]{1,63}"
_PERIOD: Final = "2[0-9]{3}-(0[1-9]|1[0-2])"

WORDS: Final[Mapping[str, str]] = {
    f"^{_ID}$": _ID_WORDS,
    f"^({_ID})?$": f"{_ID_WORDS}, or empty",
    f"^([*]|{_ID})?$": f"{_ID_WORDS}; or *, or empty",
    f"^tenants/{_ANY}$": "tenants/ and the tenant's id, such as tenants/acme",
    f"^tenants/{_ID}$": "tenants/ and the tenant's id, such as tenants/acme",
    f"^tenants/{_ANY}/apiKeys/{_ANY}$": "the API key's name, such as tenants/acme/apiKeys/front-desk",
    f"^tenants/{_ANY}/models/{_ANY}$": "the model's name, such as tenants/acme/models/gpt",
    f"^tenants/{_ANY}/policies/{_ANY}$": "the policy's name, such as tenants/acme/policies/rpm",
    f"^tenants/{_ANY}/prices/{_ANY}$": "the price's name, such as tenants/acme/prices/gpt",
    f"^tenants/{_ANY}/providers/{_ANY}$": "the provider's name, such as tenants/acme/providers/openai",
    f"^tenants/{_ANY}/tiers/{_ANY}$": "the tier's name, such as tenants/acme/tiers/gold",
    f"^plans/{_ANY}$": "plans/ and the plan's id, such as plans/standard",
    f"^(plans/{_ID})?$": "plans/ and the plan's id, such as plans/standard, or empty",
    f"^billingAccounts/{_ANY}$": "billingAccounts/ and the account's id, such as billingAccounts/retail",
    f"^billingAccounts/{_ANY}/invoices/{_PERIOD}$": (
        "the account's name, /invoices/ and the month, such as billingAccounts/retail/invoices/2026-11"
    ),
    f"^({_PERIOD})?$": "a month, such as 2026-11, or empty",
    "^(([01][0-9]|2[0-3]):[0-5][0-9])?$": "HH:MM, such as 08:00, or empty",
    "^([0-9]{1,16}-[0-9]{1,16})?$": "the id of the last one received, such as 1795651200000-0, or empty",
    "^(2[0-9]{3}-(0[1-9]|1[0-2]))?$": "a month from 2000 on, such as 2026-11",
    "^[a-z0-9-]{0,64}$": "lower-case letters, digits and hyphens, 64 at most, such as x-tollway-user",
    "^[a-z][a-z0-9_-]{0,62}$": (
        "lower-case letters, digits, hyphens and underscores, 63 at most, beginning with a letter"
    ),
    "^[A-Za-z0-9_.:/-]{0,64}$": "letters, digits and the characters _ . : / -, 64 at most",
}
"""What a text has to be, by the pattern that it has to match."""
