"""Plans and billing accounts: what they keep to."""

from __future__ import annotations

import pytest

from tests.contract.admin.billing import ACCOUNT, ACME, BETA, account, plan, serve_billing, tenants, usd
from tests.contract.memory_billing import MemoryInvoiceStore, MemoryLedger
from tollway.admin.v1.billing_pb2 import (
    BillingAccount,
    CreateBillingAccountRequest,
    CreatePlanRequest,
    DeletePlanRequest,
    ListBillingAccountsRequest,
    ListPlansRequest,
    Plan,
    UpdateBillingAccountRequest,
    UpdatePlanRequest,
)


@pytest.fixture(autouse=True)
def billing(admin):
    serve_billing(admin, MemoryInvoiceStore(), MemoryLedger())


def rate(*last_units: int, **fields):
    tiers = [{"last_unit": last_unit, "unit_price": usd(1)} for last_unit in last_units]
    return {"metric": "CALLS", "tiers": tiers, **fields}


async def test_a_plan_from_its_creation_to_its_end(admin):
    made = await plan(admin, fixed_fee=usd(49), rates=[rate(100, 0)])
    assert (made.name, made.rates[0].tiering) == ("plans/team", Plan.GRADUATED)
    changed = await admin(UpdatePlanRequest(plan={"name": made.name, "markup_basis_points": 500, "etag": made.etag}))
    assert (changed.markup_basis_points, changed.fixed_fee) == (500, made.fixed_fee)
    assert [each.name for each in (await admin(ListPlansRequest())).plans] == ["plans/team"]
    assert await admin.reason(DeletePlanRequest(name=made.name, etag=made.etag)) == "ETAG_MISMATCH"
    await admin(DeletePlanRequest(name=made.name))
    assert await admin.reason(DeletePlanRequest(name=made.name)) == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"fixed_fee": {"units": 5}}, "plan.fixedFee.currencyCode"),
        ({"fixed_fee": {"currency_code": "EUR", "units": 5}}, "plan.fixedFee.currencyCode"),
        ({"fixed_fee": usd(-1)}, "plan.fixedFee"),
        ({"fixed_fee": {"currency_code": "USD", "units": 1, "nanos": -1}}, "plan.fixedFee.nanos"),
        ({"fixed_fee": {"currency_code": "USD", "nanos": 10**9}}, "plan.fixedFee.nanos"),
        ({"fixed_fee": usd(1_000_000, 1)}, "plan.fixedFee"),
        ({"included_cost": usd(-1)}, "plan.includedCost"),
        ({"markup_basis_points": -10_001}, "plan.markupBasisPoints"),
        ({"rates": [{"metric": "CALLS"}]}, "plan.rates[0].tiers"),
        ({"rates": [rate(0, metric=0)]}, "plan.rates[0].metric"),
        ({"rates": [rate(10)]}, "plan.rates[0].tiers"),
        ({"rates": [rate(0, 0)]}, "plan.rates[0].tiers"),
        ({"rates": [rate(10, 10, 0)]}, "plan.rates[0].tiers"),
        ({"rates": [rate(10, 9, 0)]}, "plan.rates[0].tiers"),
        ({"rates": [rate(0), rate(0)]}, "plan.rates[1]"),
        ({"rates": [{"metric": "CALLS", "tiers": [{"unit_price": usd(-1)}]}]}, "plan.rates[0].tiers[0].unitPrice"),
        ({"rates": [{"metric": "CALLS", "tiers": [{}]}]}, "plan.rates[0].tiers[0].unitPrice"),
    ],
)
async def test_a_plan_that_makes_no_sense_is_refused_with_its_field(admin, fields, field):
    refused = await admin.refusal(CreatePlanRequest(plan_id="team", plan=fields))
    assert refused.rule.name == "FIELD_INVALID"
    assert refused.metadata["field"] == field


async def test_the_largest_amounts_and_rates_by_model_are_taken(admin):
    rates = [rate(0), rate(0, model="gpt"), rate(0, metric="TOTAL_TOKENS", tiering="VOLUME")]
    made = await plan(admin, fixed_fee=usd(1_000_000), markup_basis_points=-10_000, rates=rates)
    assert len(made.rates) == 3


async def test_an_account_names_tenants_and_a_plan_that_exist(admin):
    await tenants(admin, ACME)
    for fields, field in (
        ({"tenants": [ACME, "tenants/nobody"]}, "billingAccount.tenants[1]"),
        ({"plan": "plans/none"}, "billingAccount.plan"),
    ):
        refused = await admin.refusal(CreateBillingAccountRequest(billing_account_id="retail", billing_account=fields))
        assert (refused.rule.name, refused.metadata["field"]) == ("REFERENCE_NOT_FOUND", field)
    made = await account(admin, tenants=[ACME], display_name="Retail")
    assert (made.name, made.time_zone, list(made.tenants)) == (ACCOUNT, "UTC", [ACME])


async def test_a_tenant_is_paid_for_by_one_account(admin):
    await tenants(admin, ACME, BETA)
    await account(admin, tenants=[ACME])
    request = CreateBillingAccountRequest(billing_account_id="other", billing_account={"tenants": [BETA, ACME]})
    refused = await admin.refusal(request)
    assert (refused.rule.name, refused.metadata["field"]) == ("RESOURCE_EXISTS", "billingAccount.tenants")
    assert str(refused) == f"billingAccount.tenants: {ACCOUNT} pays for {ACME} already"
    other = await account(admin, "billingAccounts/other", tenants=[BETA])
    grab = UpdateBillingAccountRequest(billing_account={"name": other.name, "tenants": [ACME, BETA]})
    assert await admin.reason(grab) == "RESOURCE_EXISTS"
    # Given up by the one, it is free for the other.
    await admin(UpdateBillingAccountRequest(billing_account={"name": ACCOUNT}, update_mask={"paths": ["tenants"]}))
    assert list((await admin(grab)).tenants) == [ACME, BETA]
    listed = await admin(ListBillingAccountsRequest(filter=f'tenants:"{ACME}"'))
    assert [each.name for each in listed.billing_accounts] == [other.name]


async def test_the_time_zone_is_one_and_stays(admin):
    request = CreateBillingAccountRequest(billing_account_id="retail", billing_account={"time_zone": "Europe/Atlantis"})
    refused = await admin.refusal(request)
    assert (refused.rule.name, refused.metadata["field"]) == ("FIELD_INVALID", "billingAccount.timeZone")
    made = await account(admin, time_zone="Europe/Berlin")
    moved = UpdateBillingAccountRequest(billing_account={"name": made.name, "time_zone": "UTC"})
    assert (await admin.refusal(moved)).metadata["field"] == "billingAccount.timeZone"
    replaced = UpdateBillingAccountRequest(
        billing_account=BillingAccount(name=made.name, display_name="New"), update_mask={"paths": ["*"]}
    )
    assert (await admin(replaced)).time_zone == "Europe/Berlin"


async def test_a_plan_in_use_stays(admin):
    made = await plan(admin)
    await account(admin, plan=made.name)
    refused = await admin.refusal(DeletePlanRequest(name=made.name))
    assert refused.rule.name == "RESOURCE_IN_USE"
    assert ACCOUNT in str(refused)
    await admin(UpdateBillingAccountRequest(billing_account={"name": ACCOUNT}, update_mask={"paths": ["plan"]}))
    await admin(DeletePlanRequest(name=made.name))
