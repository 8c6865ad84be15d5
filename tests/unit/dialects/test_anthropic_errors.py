from __future__ import annotations

import json

import pytest

from tests.unit.dialects.anthropic_recordings import DIALECT
from tollwayd.core import sse
from tollwayd.core.errors import RULES, Reason, TollwayError


def said(status, kind="", message="", headers=None):
    body = json.dumps({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}).encode()
    return DIALECT.read_error(status, headers or {}, body)


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, "invalid_request_error", Reason.REASON_UPSTREAM_REJECTED),
        (401, "authentication_error", Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED),
        (402, "billing_error", Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED),
        (403, "permission_error", Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED),
        (404, "not_found_error", Reason.REASON_UPSTREAM_MODEL_NOT_FOUND),
        (413, "request_too_large", Reason.REASON_UPSTREAM_REJECTED),
        (422, "", Reason.REASON_UPSTREAM_REJECTED),
        (429, "rate_limit_error", Reason.REASON_UPSTREAM_RATE_LIMITED),
        (500, "api_error", Reason.REASON_UPSTREAM_FAILED),
        (500, "overloaded_error", Reason.REASON_UPSTREAM_OVERLOADED),
        (503, "", Reason.REASON_UPSTREAM_OVERLOADED),
        (504, "timeout_error", Reason.REASON_UPSTREAM_TIMEOUT),
        (529, "overloaded_error", Reason.REASON_UPSTREAM_OVERLOADED),
    ],
)
def test_a_providers_error_has_its_reason(status, kind, reason):
    assert said(status, kind).reason == reason


def test_a_rejection_says_what_was_wrong_and_hides_what_looks_like_a_key():
    error = said(400, "invalid_request_error", "max_tokens: 1 > 0\nfor sk-ant-api03-abcdefghijklmnop" + " x" * 2000)
    assert error.message.startswith("The provider rejected the request: max_tokens: 1 > 0 for ")
    assert "abcdefghijklmnop" not in error.message
    assert len(error.message) < 600


@pytest.mark.parametrize("status", [401, 404, 429, 500, 529])
def test_what_concerns_the_operator_alone_stays_with_the_gateway(status):
    error = said(status, "", "organization org_1 on model claude-secret-5")
    assert error.message == RULES[error.reason].text


@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad gateway</html>", b"[]", b'{"error": "x"}', b'{"error": {"type": 1}}', b"\xff"]
)
def test_an_error_of_another_shape_goes_by_its_status(body):
    assert DIALECT.read_error(502, {}, body).reason == Reason.REASON_UPSTREAM_FAILED
    assert DIALECT.read_error(400, {}, body).reason == Reason.REASON_UPSTREAM_REJECTED


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (Reason.REASON_CREDENTIAL_INVALID, "authentication_error"),
        (Reason.REASON_MODEL_NOT_ALLOWED, "permission_error"),
        (Reason.REASON_MODEL_NOT_FOUND, "not_found_error"),
        (Reason.REASON_FIELD_INVALID, "invalid_request_error"),
        (Reason.REASON_MEDIA_TYPE_UNSUPPORTED, "invalid_request_error"),
        (Reason.REASON_BODY_TOO_LARGE, "request_too_large"),
        (Reason.REASON_UPSTREAM_RATE_LIMITED, "rate_limit_error"),
        (Reason.REASON_INTERNAL, "api_error"),
        (Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED, "api_error"),
        (Reason.REASON_UPSTREAM_OVERLOADED, "overloaded_error"),
        (Reason.REASON_UPSTREAM_TIMEOUT, "timeout_error"),
    ],
)
def test_an_error_of_the_gateways_has_anthropics_type(reason, kind):
    error = TollwayError(reason, "Because.")
    body = DIALECT.error_body(error)
    assert body.content_type == "application/json"
    assert json.loads(body.data) == {"type": "error", "error": {"type": kind, "message": "Because."}}
    event = sse.parse(DIALECT.error_event(error))
    assert (event.name, event.data) == ("error", body.data)
