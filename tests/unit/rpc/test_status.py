from __future__ import annotations

from urllib.parse import quote

import pytest
from google.api.httpbody_pb2 import HttpBody
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status

from tollwayd.core.errors import FieldViolation, QuotaViolation, Reason, StatusError, TollwayError
from tollwayd.rpc.status import MAX_QUOTA_BYTES, MAX_WIRE_BYTES, retry_after, to_status

KINDS = {"ErrorInfo": ErrorInfo, "BadRequest": BadRequest, "RetryInfo": RetryInfo, "HttpBody": HttpBody}


def rejected(message, violations=0):
    said = [FieldViolation(f"field_{number}", "is wrong.") for number in range(violations)]
    return TollwayError(Reason.REASON_UPSTREAM_REJECTED, message, violations=said, retry_after=7)


def body(error):
    return HttpBody(data=error.message.encode() * 2)


def kinds(status):
    return [detail.type_url.rpartition(".")[2] for detail in status.details]


def wire_bytes(status):
    return len(quote(status.message, safe=" !\"#$&'()*+,/:;<=>?@[\\]^`{|}")) + status.ByteSize() * 4 / 3


def test_a_short_error_is_told_in_full():
    status = to_status(rejected("No.", violations=2), body)
    assert status.message == "No."
    assert kinds(status) == ["ErrorInfo", "BadRequest", "RetryInfo", "HttpBody"]


def limited(*subjects):
    said = [QuotaViolation(subject, "It is used up.") for subject in subjects]
    return TollwayError(Reason.REASON_RATE_LIMIT_EXCEEDED, quota_violations=said, retry_after=1.5)


def test_limits_that_are_exceeded_are_named():
    status = to_status(limited("rpm|app", "tpm"))
    assert kinds(status) == ["ErrorInfo", "QuotaFailure", "RetryInfo"]
    failure = QuotaFailure()
    assert status.details[1].Unpack(failure)
    assert [(each.subject, each.description) for each in failure.violations] == [
        ("rpm|app", "It is used up."),
        ("tpm", "It is used up."),
    ]


@pytest.mark.parametrize("length", [10, 900, 1500])
def test_as_many_limits_are_named_as_there_is_room_for(length):
    status = to_status(limited(*["x" * length] * 500))
    failure = QuotaFailure()
    assert status.details[1].Unpack(failure)
    assert failure.violations
    assert len(failure.violations) == 1 or failure.ByteSize() <= MAX_QUOTA_BYTES
    assert wire_bytes(status) <= MAX_WIRE_BYTES


def test_the_body_goes_first():
    status = to_status(rejected("n" * 1200, violations=2), body)
    assert status.message == "n" * 1200
    assert kinds(status) == ["ErrorInfo", "BadRequest", "RetryInfo"]


def test_then_violations_for_which_there_is_no_room():
    status = to_status(rejected("No.", violations=5000), body)
    bad = BadRequest()
    assert status.details[1].Unpack(bad)
    assert 50 < len(bad.field_violations) < 200
    assert bad.field_violations[0].field == "field_0"
    assert MAX_WIRE_BYTES - 200 < wire_bytes(status) <= MAX_WIRE_BYTES


@pytest.mark.parametrize("character", ["n", "%", "\n", "é", "请", "\U0001f600"])
def test_then_the_message_is_shortened(character):
    status = to_status(rejected(character * 10_000, violations=3), body)
    assert kinds(status) == ["ErrorInfo", "RetryInfo"]
    assert set(status.message) == {character, "…"}
    assert MAX_WIRE_BYTES - 200 < wire_bytes(status) <= MAX_WIRE_BYTES


def test_another_servers_status_is_passed_on_untouched():
    status = Status(code=7, message="No." * 2000)
    error = StatusError(status)
    assert to_status(error) is status
    assert (error.rule.name, error.rule.code, error.rule.http_status) == ("PERMISSION_DENIED", 7, 403)
    assert (error.reason, error.message, str(StatusError(Status(code=2)).message)) == (0, status.message, "")


def test_how_long_to_wait_is_found_among_the_details():
    assert retry_after(to_status(rejected("No."))) == 7
    assert retry_after(to_status(TollwayError(Reason.REASON_INTERNAL))) is None
    broken = Status(code=8)
    broken.details.add(type_url="x/google.rpc.RetryInfo", value=b"\xff")
    assert retry_after(broken) is None
