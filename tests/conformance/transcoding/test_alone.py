"""The translator by itself, before the gRPC door, answers each request as the REST door does, or as the table says."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

import pytest

from tests.apis.kinds import METADATA
from tests.conformance.transcoding.case import exchange
from tests.conformance.transcoding.cases.all import BY_ID, CASES

pytestmark = pytest.mark.asyncio(loop_scope="session")

STATUSES = {
    "error-reason-body_too_large": 429,
    "error-reason-media_type_unsupported": 400,
    "error-reason-method_not_allowed": 501,
    "error-reason-model_unusable": 400,
    "error-reason-request_timeout": 504,
    "error-reason-upstream_failed": 503,
}
"""What travels over gRPC is the code, of which several reasons have a finer HTTP status."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_it_answers_as_the_rest_door_does(echo, doors, alone, case):
    listener = "zeros" if case.at == "zeros" else "rest"
    answer, ours = await exchange(echo, doors[listener], case)
    its_answer, its = await exchange(echo, alone[listener], case)

    assert its == replace(ours, status=STATUSES.get(case.id, ours.status))
    if ours.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        # The connection stays where all of the body had come by then, and nobody knows when that is.
        answer.headers.pop("connection", None)
        its_answer.headers.pop("connection", None)
    expected = headers(answer)
    if is_silent(case):
        assert headers(its_answer) in (expected, {name: expected[name] for name in expected.keys() - METADATA})
    else:
        assert headers(its_answer) == expected
    assert its_answer.trailers == answer.trailers


def is_silent(case):
    """Whether a stream has no message. Where its end comes together with its beginning, grpcio tells the client of the
    end alone, and the metadata before it are lost."""
    return case.rpc in {"Watch", "WatchLeaves", "Download"} and not (
        case.message.parts if case.rpc == "Download" else case.message.count
    )


def headers(answer):
    """The headers, but for those of one answer alone, and `allow`, which is the door's and not the server's."""
    own = {"date", "x-request-id", "allow"}
    return {name: value for name, value in answer.headers.items() if name not in own}


async def test_the_table_names_cases_that_exist_and_differ():
    assert {case_id: BY_ID[case_id].status for case_id in STATUSES}.items().isdisjoint(STATUSES.items())
