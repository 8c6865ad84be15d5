"""Each request gets the same answer from the REST door and from a real Envoy, or differs as the table says."""

from __future__ import annotations

import pytest

from tests.conformance.transcoding.case import exchange
from tests.conformance.transcoding.cases.all import BY_ID, CASES
from tests.conformance.transcoding.deviations import BY_CASE, DEVIATIONS, REFUSAL
from tests.conformance.transcoding.faults import FAULTS, parameters

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("case", parameters(CASES))
async def test_envoy_answers_the_same_or_differs_as_the_table_says(echo, doors, transcoder, case):
    _, ours = await exchange(echo, doors["zeros" if case.at == "zeros" else "rest"], case)
    _, envoys = await exchange(echo, transcoder[case.at], case)

    deviation = BY_CASE.get(case.id)
    if deviation is not None:
        assert (envoys.status, ours.differs(envoys)) == (deviation.envoy, deviation.differs), (ours, envoys)
    elif case.rpc:
        assert ours == envoys
    else:
        assert (envoys.status, ours.differs(envoys)) == (case.status, REFUSAL), (ours, envoys)


async def test_the_tables_name_cases_that_exist_and_each_once():
    rows = [case for deviation in DEVIATIONS for case in deviation.cases.split()]

    assert set(rows) | set(FAULTS) <= set(BY_ID)
    assert len(rows) == len(BY_CASE)
