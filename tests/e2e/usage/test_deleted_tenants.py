"""What a tenant used is told after it is gone."""

from __future__ import annotations


async def test_the_reports_of_a_deleted_tenant_stay(books):
    await books.book("c", at_ms=1_735_776_000_000, cost_nanos=5)
    books.tenant.admin("DELETE", f"/v1/{books.tenant.name}")
    assert [line["cost_nanos"] for line in await books.lines()] == [5]
    (row,) = await books.rows(start_time="2025-01-02T00:00:00Z", end_time="2025-01-03T00:00:00Z")
    assert row["cost"]["nanos"] == 5
    assert [each["call"] for each in await books.pages("ledger:search", "entries")] == ["c"]
    await books.get("usage:query", start_time="2025-02-02T00:00:00Z", end_time="2025-02-03T00:00:00Z", status=404)
