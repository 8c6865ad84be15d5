"""Errors: every gRPC code, their details, and the statuses of reasons that know better than their code."""

from __future__ import annotations

from tests.apis.kinds import STATUSES
from tests.conformance.transcoding.case import Case

# The reasons whose HTTP status is not their code's.
_REASONS = {
    "BODY_TOO_LARGE": 413,
    "MEDIA_TYPE_UNSUPPORTED": 415,
    "METHOD_NOT_ALLOWED": 405,
    "REQUEST_TIMEOUT": 408,
    "UPSTREAM_FAILED": 502,
    "MODEL_UNUSABLE": 503,
}


def fail(id_: str, body: str, makes: str, status: int) -> Case:
    return Case(f"error-{id_}", "POST /v1/failures", "Fail", makes, body, status=status)


_CODES = [
    Case(
        f"error-code-{code}",
        f"GET /v1/failures/{code}?message=no",
        "Fail",
        f'code: {code} message: "no"',
        status=status,
    )
    for code, status in STATUSES.items()
]

_DETAILS = [
    fail("message", '{"code":3,"message":"é\\n%20"}', r'code: 3 message: "é\n%20"', 400),
    fail("field", '{"code":3,"field":"a.b"}', 'code: 3 field: "a.b"', 400),
    fail("retry", '{"code":14,"retryAfter":1.5}', "code: 14 retry_after: 1.5", 503),
    fail("metadata", '{"code":5,"metadata":{"a":"b"}}', 'code: 5 metadata {key: "a" value: "b"}', 404),
    fail(
        "all-details",
        '{"code":8,"field":"a","retryAfter":30,"metadata":{"a":"é"}}',
        'code: 8 field: "a" retry_after: 30 metadata {key: "a" value: "é"}',
        429,
    ),
]  # fmt: skip

_OWN_STATUSES = [
    fail(f"reason-{reason.lower()}", f'{{"reason":"{reason}"}}', f'reason: "{reason}"', status)
    for reason, status in _REASONS.items()
]

CASES = [*_CODES, *_DETAILS, *_OWN_STATUSES]
