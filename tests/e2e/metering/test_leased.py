"""A limit of which the gateway takes slices is as exact as any other."""

from __future__ import annotations

import asyncio

import openai
from openai import AsyncOpenAI

HELLO = [{"role": "user", "content": "Hello there!"}]
LIMIT = 150


async def test_a_leased_limit_lets_as_many_calls_through_as_it_says(gateway, priced, provider, books):
    rate = {"unit": "REQUESTS", "limit": str(LIMIT), "window": "86400s", "leased": True}
    priced.admin("POST", f"/v1/{priced.name}/policies?policy_id=daily", {"subject": {}, "rateLimit": rate})

    async def remaining(client: AsyncOpenAI) -> int | None:
        """What one call is told is left; None where it is refused."""
        try:
            answer = await client.chat.completions.with_raw_response.create(model="gpt", messages=HELLO)
        except openai.RateLimitError as refused:
            assert refused.response.headers["x-ratelimit-remaining-requests"] == "0"  # noqa: PT017  # One of many.
            return None
        return int(answer.headers["x-ratelimit-remaining-requests"])

    async def calls(client: AsyncOpenAI) -> int:
        """One after another until one is refused. How many were not."""
        passed = 0
        while (left := await remaining(client)) is not None:
            assert 0 <= left < LIMIT
            passed += 1
        return passed

    url = gateway.url("proxy_http") + "/v1"
    async with AsyncOpenAI(base_url=url, api_key=priced.key(), max_retries=0) as client:
        passed = await asyncio.gather(*(calls(client) for _ in range(12)))

    assert sum(passed) == len(provider.requests) == LIMIT
    assert len({entry.call for entry in await books.entries(LIMIT)}) == LIMIT == len(await books.now())
