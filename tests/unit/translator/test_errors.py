from __future__ import annotations

import json

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.status_pb2 import Status

from tests.apis.bookstore import Bookstore, registry
from tollwayd.core.errors import Reason, TollwayError, invalid_field
from tollwayd.translator.answers import errors
from tollwayd.translator.answers.errors import error_answer, status_json


def test_an_error_is_google_rpc_status_with_its_details():
    answer = error_answer(invalid_field("book.title", "has to be a string"))
    assert (answer.status, answer.content_type, answer.headers) == (400, "application/json", "")
    assert json.loads(answer.body) == {
        "code": 3,
        "message": "book.title: has to be a string",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "FIELD_INVALID",
                "domain": "tollway.dev",
                "metadata": {"field": "book.title"},
            },
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "book.title", "description": "has to be a string"}],
            },
        ],
    }


@pytest.mark.parametrize(("seconds", "header"), [(0, "0"), (0.2, "1"), (1, "1"), (59.01, "60")])
def test_the_time_to_wait_is_rounded_up(seconds, header):
    answer = error_answer(TollwayError(Reason.REASON_STORE_UNAVAILABLE, retry_after=seconds))
    assert answer.headers == f"retry-after: {header}\r\n"


def test_a_401_names_the_scheme_and_a_405_the_methods():
    assert error_answer(TollwayError(Reason.REASON_CREDENTIAL_MISSING)).headers == "www-authenticate: Bearer\r\n"
    wrong = TollwayError(Reason.REASON_METHOD_NOT_ALLOWED, metadata={"allow": "GET, PUT"})
    assert error_answer(wrong).headers == "allow: GET, PUT\r\n"


def test_a_service_has_its_own_words():
    kiosk = registry(Bookstore()).find("/bookstore.rest.v1.KioskService/Buy")
    answer = error_answer(TollwayError(Reason.REASON_PERMISSION_DENIED), kiosk)
    assert (answer.status, answer.content_type, answer.body) == (403, "text/x-kiosk", b"no: PERMISSION_DENIED")


def test_a_detail_of_an_unknown_type_is_passed_on_as_bytes(monkeypatch):
    unknown = AnyMessage(type_url="type.example/no.Such", value=b"\x01")
    monkeypatch.setattr(errors, "to_status", lambda _: Status(code=3, message="x", details=[unknown]))
    assert json.loads(status_json(TollwayError(Reason.REASON_INTERNAL)))["details"] == [
        {"@type": "type.example/no.Such", "value": "AQ=="}
    ]
