"""Every Redis key of billing, in one place.

What one closing must not share with another, the time of tenants, lies in one slot; the invoices of an account have a
slot of their own, as they grow for ever.
"""

from __future__ import annotations

CLOSINGS = "tollway:{billing}:closings"
"""A hash: an invoice's name → the invoice as it was begun, an `Invoice` without lines. It is what holds the closing to
one account, one plan and one list of tenants, whoever ends it."""

SPANS = "tollway:{billing}:spans"
"""A hash: a tenant's name → its time that is billed, a line each: first millisecond, that after the last, invoice."""


def invoices(account: str) -> str:
    """A hash: the name of an invoice → `1`, a space, an `Invoice`."""
    return f"tollway:{{{account}}}:invoices"


def heads(account: str) -> str:
    """The same without lines, for listing: an invoice can have thousands."""
    return f"tollway:{{{account}}}:heads"


def periods(account: str) -> str:
    """A sorted set, all scores zero: the names in `heads`, for listing in their order."""
    return f"tollway:{{{account}}}:periods"
