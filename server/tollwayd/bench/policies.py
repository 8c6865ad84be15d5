"""The policies of a call that is governed as an organisation would have it: two rate limits, a limit of tokens and a
budget, each far from being reached, so that every call pays for all of them and none is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_RATES: Final[Mapping[str, Mapping[str, Any]]] = {
    "requests-of-key": {"subject": {"apiKey": "*"}, "rateLimit": {"unit": "REQUESTS"}},
    "requests-of-model": {"subject": {"model": "*"}, "rateLimit": {"unit": "REQUESTS"}},
    "tokens": {"subject": {}, "rateLimit": {"unit": "TOTAL_TOKENS"}},
}
_BUDGET: Final = {
    "subject": {},
    "budget": {"unit": "COST", "limit": {"currencyCode": "USD", "units": "1000000"}, "window": "CALENDAR_MONTH"},
}
_FAR: Final = {"limit": "1000000000000", "window": "60s"}


def governed(*, leased: bool) -> dict[str, dict[str, Any]]:
    """The policies by their ids, in the Admin API's JSON; with `leased`, the rate limits are taken in slices."""
    rates = {
        name: {"subject": rate["subject"], "rateLimit": {**rate["rateLimit"], **_FAR, "leased": leased}}
        for name, rate in _RATES.items()
    }
    return {**rates, "budget": _BUDGET}


VARIANTS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "key": {},
    "strict": governed(leased=False),
    "leased": governed(leased=True),
}
"""How a call may be governed, and by what policies: by its key only, and by limits that the store counts one by one or
that are leased. Metrics, the log and the ledger are always on."""
