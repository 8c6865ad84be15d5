"""Billing accounts in the store: their rules, and who has a plan."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from tollway.admin.v1.billing_pb2 import BillingAccount
from tollwayd.admin.resources.kind import Kind
from tollwayd.admin.time_zones import check_zone
from tollwayd.core.errors import Reason, TollwayError, invalid_field
from tollwayd.core.resource_names import BILLING_ACCOUNTS, PLANS, TENANTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tollwayd.core.ports import ResourceStore

__all__ = ["KIND", "AccountRules"]

KIND: Final = Kind(BILLING_ACCOUNTS, "billingAccount", BillingAccount, BillingAccount, lambda record: record)

BATCH: Final = 250
"""Billing accounts read at once: between two batches other calls get their turn."""

MAX_NAMED: Final = 10
"""Billing accounts that a refusal names."""


class AccountRules:
    """What billing accounts keep to among each other and towards plans and tenants."""

    def __init__(self, store: ResourceStore) -> None:
        self._store = store

    async def admit(self, before: BillingAccount | None, after: BillingAccount) -> str:
        """Completes an account that is about to be stored; claims its tenants, so that no other account has them."""
        after.time_zone = after.time_zone or (before.time_zone if before else "UTC")
        _check_zone(before, after)
        old_plan, old_tenants = (before.plan, set(before.tenants)) if before else ("", set())
        if after.plan not in ("", old_plan):
            await self._require(PLANS, after.plan, f"{KIND.field}.plan")
        for position, tenant in enumerate(after.tenants):
            if tenant not in old_tenants:
                await self._require(TENANTS, tenant, f"{KIND.field}.tenants[{position}]")
        return "\n".join(after.tenants)

    @asynccontextmanager
    async def sole_payer(self, given: BillingAccount, name: str) -> AsyncIterator[None]:
        """Within, a refused claim becomes an error that names who pays for which of the tenants already."""
        try:
            yield
        except TollwayError as error:
            if error.metadata.get("conflict") != "claim":
                raise
            raise await self._paid_by_another(given, name) from None

    async def require_unused(self, plan: str) -> None:
        """REASON_RESOURCE_IN_USE where billing accounts have the plan, naming them."""
        users = [account.name async for account in self._all() if account.plan == plan]
        if users:
            named = ", ".join(users[:MAX_NAMED])
            raise TollwayError(
                Reason.REASON_RESOURCE_IN_USE,
                f"The plan is that of {named}. Give these billing accounts another one first.",
                metadata={"name": plan, "billing_accounts": named},
            )

    async def _paid_by_another(self, given: BillingAccount, name: str) -> TollwayError:
        field, wanted = f"{KIND.field}.tenants", set(given.tenants)
        metadata = {"name": name, "field": field}
        async for account in self._all():
            if account.name != name and (shared := sorted(wanted.intersection(account.tenants))):
                text = f"{field}: {account.name} pays for {shared[0]} already"
                return TollwayError(Reason.REASON_RESOURCE_EXISTS, text, metadata=metadata)
        text = f"{field}: another billing account pays for one of them already"
        return TollwayError(Reason.REASON_RESOURCE_EXISTS, text, metadata=metadata)

    async def _require(self, kind: str, name: str, field: str) -> None:
        try:
            await self._store.get(kind, name)
        except TollwayError as error:
            if error.reason != Reason.REASON_RESOURCE_NOT_FOUND:
                raise
            raise TollwayError(
                Reason.REASON_REFERENCE_NOT_FOUND,
                f"{field}: does not exist",
                metadata={"field": field, "name": name},
            ) from None

    async def _all(self) -> AsyncIterator[BillingAccount]:
        after = ""
        while batch := await self._store.list(BILLING_ACCOUNTS, "", after=after, limit=BATCH):
            for stored in batch:
                yield KIND.read(stored)
            after = batch[-1].name


def _check_zone(before: BillingAccount | None, after: BillingAccount) -> None:
    field = f"{KIND.field}.timeZone"
    check_zone(field, after.time_zone)
    if before is not None and before.time_zone != after.time_zone:
        raise invalid_field(field, "cannot be changed; make another billing account")
