from __future__ import annotations

from tollwayd.core.call import Exchange


def test_a_new_target_begins_with_nothing_noted_but_the_failed_attempts():
    exchange = Exchange("fast", stream=True)
    exchange.begin("one", "gpt-5")
    exchange.attempts.append("one: UPSTREAM_OVERLOADED")
    exchange.request_bytes, exchange.dropped, exchange.first_byte_at = 9, ("seed",), 1.5

    exchange.begin("two", "claude")

    assert exchange == Exchange("fast", "two", "claude", stream=True, attempts=["one: UPSTREAM_OVERLOADED"])
