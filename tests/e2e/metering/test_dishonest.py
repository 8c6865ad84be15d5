"""What dishonest callers and providers do not get."""

from __future__ import annotations

from tests.e2e.metering.test_settlement import ask


def policy(tenant, policy_id: str, **fields) -> None:
    tenant.admin("POST", f"/v1/{tenant.name}/policies?policy_id={policy_id}", {"subject": {}, **fields})


async def test_absurd_wishes_leave_nothing_taken(gateway, priced):
    """A limit that only observes takes all that is asked for: as a number that the store can count."""
    policy(priced, "parallel", concurrency={"limit": 1})
    policy(priced, "watched", mode="OBSERVE", rateLimit={"unit": "OUTPUT_TOKENS", "limit": "5", "window": "60s"})
    key = priced.key()
    for _ in range(3):
        answer = await ask(gateway, key, N=10**9, max_tokens=10**9)
        assert answer.startswith(b"HTTP/1.1 200")
