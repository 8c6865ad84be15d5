"""Each request at the REST door becomes the message that it says, or is refused for the field that it names."""

from __future__ import annotations

import json

import pytest

from tests.conformance.transcoding.case import as_text, exchange
from tests.conformance.transcoding.cases.all import CASES
from tests.conformance.transcoding.faults import parameters

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("case", parameters(CASES))
async def test_the_request_becomes_its_message(echo, doors, case):
    answer, outcome = await exchange(echo, doors["zeros" if case.at == "zeros" else "rest"], case)

    assert outcome.status == case.status, answer.body
    assert outcome.request == (_reached(case) if case.rpc else None)
    if case.status >= 400:
        assert outcome.content_type == "application/json"
    if case.field:
        assert _violations(answer.body) == [case.field]
    assert ("allow" in answer.headers) == (case.status in {204, 405})


def _reached(case):
    return case.rpc, as_text(case.message)


def _violations(body: bytes) -> list[str]:
    details = json.loads(body)["details"]
    return [each["field"] for detail in details for each in detail.get("fieldViolations", ())]
