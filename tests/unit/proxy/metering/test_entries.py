"""Entries of the ledger: whatever was written before, each says what its own call was charged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.bench.metered_call import Caller
from tollway.admin.v1.ledger_pb2 import LedgerEntry
from tollway.proxy.v1.inference_pb2 import Usage
from tollwayd.core.call import Exchange
from tollwayd.proxy.metering.entries import Entries, Used

CALLER = Caller(())
TARGET = CALLER._target
FIELDS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)
COUNTS = st.integers(0, 2**40) | st.just(0)
USAGES = st.builds(
    lambda counts, estimated: Usage(**dict(zip(FIELDS, counts, strict=True)), estimated=estimated),
    st.tuples(*[COUNTS] * len(FIELDS)),
    st.booleans(),
)
CHARGES = st.tuples(
    st.integers(0, 1),  # Of which of two calls.
    st.none() | USAGES,
    st.booleans(),  # Whether there is a price.
    st.sampled_from(LedgerEntry.Outcome.values()[1:]),
)


def call(number: int):
    one, _ = CALLER._call()
    one.exchange = Exchange("asked-for", stream=bool(number))
    one.metadata = {"x-tollway-user": f"bob-{number}", "x-tollway-tags": f"env=e{number}"}
    return one


@given(st.lists(CHARGES, min_size=1, max_size=8), st.floats(1e9, 4e9))
def test_an_entry_says_what_its_call_was_charged(charges, at):
    calls = call(0), call(1)
    entries = [Entries(one, "gpt", at + number) for number, one in enumerate(calls)]
    for number, usage, priced, outcome in charges:
        price = TARGET.price.at(at) if priced else None
        used = None if usage is None else Used.of(usage)
        charge = entries[number].charge(TARGET, price, used, outcome)
        has = usage or Usage()
        written = LedgerEntry(
            call=calls[number].id,
            kind=LedgerEntry.CALL,
            outcome=outcome,
            tenant="tenants/acme",
            api_key="app",
            user=f"bob-{number}",
            requested_model="asked-for",
            model="gpt",
            provider="openai",
            upstream_model="gpt-4.1",
            method="tollway.proxy.v1.OpenAIService/CreateChatCompletion",
            tags={"team": "search", "env": f"e{number}"},
            streamed=bool(number),
            input_tokens=has.input_tokens,
            cache_read_tokens=has.cache_read_tokens,
            cache_write_tokens=has.cache_write_tokens,
            cache_write_hour_tokens=has.cache_write_1h_tokens,
            output_tokens=has.output_tokens,
            reasoning_tokens=has.reasoning_tokens,
            estimated=has.estimated,
            cost_nanos=charge.cost,
            currency_code="USD",
            price_version=price.version if price else "",
        )
        written.admit_time.FromMicroseconds(int((at + number) * 1e6))
        assert LedgerEntry.FromString(charge.entry) == written
        assert (charge.unpriced, charge.failed) == (not priced, outcome == LedgerEntry.FAILED)
