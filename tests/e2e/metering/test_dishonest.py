"""What dishonest callers and providers do not get."""

from __future__ import annotations

import pytest

from tests.e2e.metering.conftest import USAGE
from tests.e2e.metering.test_settlement import PATHS, ask, body_of, post
from tollway.admin.v1.ledger_pb2 import LedgerEntry


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


ENDS = {"openai": b'"finish_reason":"stop"', "anthropic": b'"content_block_stop"'}
"""The last event that a caller needs for the whole answer."""


async def leave_at_the_end(gateway, key: str, caller: str, model: str) -> None:
    reader, writer = await post(gateway.addresses["proxy_http"], PATHS[caller], key, body_of(model, "Hi"))
    await reader.readuntil(ENDS[caller])
    writer.transport.abort()


@pytest.mark.parametrize("caller", ENDS)
@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_who_leaves_before_the_usage_is_told_pays_for_what_was_thought(
    gateway, priced, provider, books, caller, model
):
    """The answer is whole, but for the one event that says what nobody else can know."""
    provider.use({"rules": [{"answer": {"text": "Hi!", "usage": USAGE, "pace": 0.05}}]})
    await leave_at_the_end(gateway, priced.key(), caller, model)
    (entry,) = await books.entries(1)
    assert (entry.outcome, entry.estimated, entry.cost_nanos) == (LedgerEntry.COMPLETED, False, 2_337_500)


async def test_usage_that_never_comes_is_not_waited_for_long(gateway, priced, provider, books):
    stalls = {"kind": "stall", "after_events": 3}
    provider.use({"rules": [{"answer": {"text": "Hi!", "usage": USAGE, "fault": stalls}}]})
    await leave_at_the_end(gateway, priced.key(), "openai", "gpt")
    (entry,) = await books.entries(1, within=5)
    assert (entry.outcome, entry.estimated) == (LedgerEntry.COMPLETED, True)
