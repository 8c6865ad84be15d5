from __future__ import annotations

import json

import httpx2
import openai
import pytest

from tests.unit.dialects.openai_recordings import DIALECT, SHARED, needs_shared
from tollwayd.core.errors import RULES, Reason, TollwayError, invalid_field

QUOTA = {"message": "You exceeded your quota.", "type": "insufficient_quota", "code": "insufficient_quota"}


def said(status, error=None, **headers):
    body = b"" if error is None else json.dumps({"error": error}).encode()
    return DIALECT.read_error(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def members(error):
    return json.loads(DIALECT.error_body(error).data)["error"]


def client(answer):
    """An SDK client whose every request is answered by `answer(request)`."""
    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return openai.OpenAI(api_key="k", base_url="http://gateway", max_retries=0, http_client=http)


def ask(answer, **fields):
    with client(lambda _request: answer) as sdk:
        stream = sdk.chat.completions.create(model="fast", messages=[{"role": "user", "content": "Hi"}], **fields)
        return list(stream)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, Reason.REASON_UPSTREAM_REJECTED),
        (401, Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED),
        (402, Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED),
        (403, Reason.REASON_UPSTREAM_CREDENTIAL_REFUSED),
        (404, Reason.REASON_UPSTREAM_MODEL_NOT_FOUND),
        (408, Reason.REASON_UPSTREAM_TIMEOUT),
        (413, Reason.REASON_UPSTREAM_REJECTED),
        (418, Reason.REASON_UPSTREAM_REJECTED),
        (422, Reason.REASON_UPSTREAM_REJECTED),
        (429, Reason.REASON_UPSTREAM_RATE_LIMITED),
        (500, Reason.REASON_UPSTREAM_FAILED),
        (502, Reason.REASON_UPSTREAM_FAILED),
        (503, Reason.REASON_UPSTREAM_OVERLOADED),
        (504, Reason.REASON_UPSTREAM_TIMEOUT),
        (529, Reason.REASON_UPSTREAM_OVERLOADED),
        (302, Reason.REASON_UPSTREAM_FAILED),
    ],
)
def test_a_status_has_its_reason(status, reason):
    assert said(status, {"message": "x"}).reason == reason


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_model_that_is_not_there_is_told_by_its_code(status):
    error = said(status, {"message": "No such model.", "code": "model_not_found"})
    assert error.reason == Reason.REASON_UPSTREAM_MODEL_NOT_FOUND


def test_a_rejected_request_is_explained_to_its_caller():
    error = said(
        400,
        {
            "message": "Too long.",
            "type": "invalid_request_error",
            "param": "messages",
            "code": "context_length_exceeded",
        },
    )
    assert members(error) == {
        "message": "The provider rejected the request: Too long.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }


@needs_shared
def test_a_recorded_rejection_is_explained_to_its_caller():
    body = (SHARED / "openai/chat/reasoning-model-legacy-parameter-error.json").read_bytes()
    error = members(DIALECT.read_error(400, {}, body))
    assert (error["param"], error["code"]) == ("max_tokens", "unsupported_parameter")
    assert error["message"].endswith("Use 'max_completion_tokens' instead.")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_what_a_provider_says_of_the_operators_account_stays_inside(status):
    error = said(status, {"message": "Organisation org-secret has no key sk-secret", "code": "invalid_api_key"})
    assert error.message == error.rule.text
    assert "secret" not in json.dumps(members(error))


def test_a_credential_in_a_rejection_is_masked():
    assert said(400, {"message": "Bad header 'Bearer sk-proj-12345678'"}).message.count("sk-proj") == 0


def test_an_exhausted_quota_is_told_from_a_rate():
    assert members(said(429, QUOTA))["code"] == "insufficient_quota"
    assert members(said(429))["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize("code", ["Weird Code", "x" * 65, "<b>", 7, None, {"a": 1}])
def test_a_code_that_is_no_word_is_not_passed_on(code):
    assert members(said(400, {"message": "x", "code": code}))["code"] == "upstream_rejected"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":"in words"}', "in words"),
        (b'{"message":"at the top"}', "at the top"),
        (b'{"detail":"FastAPI\'s"}', "FastAPI's"),
        (b'[{"error":{"message":"Google\'s","code":400}}]', "Google's"),
        (b'{"error":{"message":["x"]}}', ""),
        (b"<html>nginx</html>", ""),
        (b"[" * 100_000, ""),
        (b"", ""),
    ],
)
def test_relatives_of_openai_are_understood(body, message):
    error = DIALECT.read_error(400, {}, body)
    assert error.message == (f"The provider rejected the request: {message}" if message else error.rule.text)


@pytest.mark.parametrize("reason", sorted(RULES))
def test_the_sdk_raises_the_class_of_the_status(reason):
    error = TollwayError(reason)
    body = DIALECT.error_body(error)
    status = error.rule.http_status
    with pytest.raises(openai.APIStatusError) as caught:
        ask(httpx2.Response(status, headers={"content-type": body.content_type}, content=body.data))
    assert caught.value.status_code == status
    assert caught.value.body["message"] == error.message
    expected = {
        400: openai.BadRequestError,
        401: openai.AuthenticationError,
        403: openai.PermissionDeniedError,
        404: openai.NotFoundError,
        409: openai.ConflictError,
        429: openai.RateLimitError,
    }
    assert isinstance(caught.value, expected.get(status, openai.InternalServerError if status >= 500 else object))


@pytest.mark.parametrize(
    ("error", "type_", "code", "param"),
    [
        (TollwayError(Reason.REASON_CREDENTIAL_INVALID), "invalid_request_error", "invalid_api_key", None),
        (TollwayError(Reason.REASON_MODEL_NOT_FOUND), "invalid_request_error", "model_not_found", None),
        (TollwayError(Reason.REASON_UPSTREAM_RATE_LIMITED), "rate_limit_error", "rate_limit_exceeded", None),
        (TollwayError(Reason.REASON_BODY_TOO_LARGE), "invalid_request_error", "body_too_large", None),
        (TollwayError(Reason.REASON_INTERNAL), "server_error", "internal", None),
        (
            invalid_field("messages[0].role", "is required."),
            "invalid_request_error",
            "field_invalid",
            "messages[0].role",
        ),
        (
            TollwayError(Reason.REASON_FEATURE_UNSUPPORTED, metadata={"field": "n"}),
            "invalid_request_error",
            "feature_unsupported",
            "n",
        ),
    ],
)
def test_an_error_has_the_words_that_openais_programs_look_for(error, type_, code, param):
    assert members(error) == {"message": error.message, "type": type_, "param": param, "code": code}


def test_the_sdk_raises_an_error_within_a_stream():
    event = DIALECT.error_event(TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED))
    answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=event)
    with pytest.raises(openai.APIError) as caught:
        ask(answer, stream=True)
    assert (caught.value.code, caught.value.type) == ("upstream_interrupted", "server_error")


@pytest.mark.parametrize(
    ("reason", "code", "kind"),
    [
        (Reason.REASON_RATE_LIMIT_EXCEEDED, "rate_limit_exceeded", "rate_limit_error"),
        (Reason.REASON_CONCURRENCY_EXCEEDED, "rate_limit_exceeded", "rate_limit_error"),
        (Reason.REASON_BUDGET_EXCEEDED, "insufficient_quota", "insufficient_quota"),
    ],
)
def test_the_gateways_own_limits_have_openais_words(reason, code, kind):
    told = members(TollwayError(reason))
    assert (told["code"], told["type"]) == (code, kind)
