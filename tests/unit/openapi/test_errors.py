from __future__ import annotations

import json

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tollwayd.openapi.document import Wanted, document

LIST = ("/v1/shelves/{shelvesId}/books", "get")
CREATE = ("/v1/shelves/{shelvesId}/books", "post")
DELETE = ("/v1/cards/{cardsId}", "delete")
ANSWERS = {"200"}


def test_an_operation_has_the_statuses_that_its_callers_can_see(api):
    assert _statuses(api, *LIST) == {"401", "410", "503"}
    assert _statuses(api, *CREATE) == {"401", "409", "410", "413", "503"}
    assert _statuses(api, *DELETE) == {"401", "409", "410", "412", "503"}


def test_an_error_is_a_status_with_its_reasons(api):
    response = api["components"]["responses"]["Error410"]
    content = response["content"]["application/json"]

    assert response["description"] == "Gone.\n\n- `SOLD_OUT`: The book is sold out."
    assert content["schema"] == {"$ref": "#/components/schemas/google.rpc.Status"}
    assert content["examples"]["SOLD_OUT"]["value"] == {
        "code": 5,
        "message": "The book is sold out.",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "SOLD_OUT",
                "domain": "books.example",
            }
        ],
    }


def test_examples_of_errors_fit_their_schema(api):
    validator = Draft202012Validator(
        {"$ref": "#/components/schemas/google.rpc.Status", "components": api["components"]}
    )
    responses = [each for name, each in api["components"]["responses"].items() if name.startswith("Error")]
    shown = [
        each for response in responses for each in response["content"]["application/json"].get("examples", {}).values()
    ]

    assert len(shown) == 5
    assert [list(validator.iter_errors(each["value"])) for each in shown] == [[]] * 5


def test_what_nobody_is_told_is_nowhere(api):
    assert api["components"]["schemas"]["ErrorReason"]["enum"] == [
        "SOLD_OUT",
        "NOT_A_READER",
        "LENT",
        "TOO_HEAVY",
        "SHELF_BROKE",
    ]
    assert "BURNT" not in json.dumps(api)


def test_the_list_of_reasons_says_what_each_means(api):
    assert "| `SOLD_OUT` | 410 | The book is sold out. |" in api["components"]["schemas"]["ErrorReason"]["description"]


def test_responses_name_the_headers_that_come_with_them(api):
    responses = api["components"]["responses"]

    assert list(responses["Error401"]["headers"]) == ["X-Request-Id", "WWW-Authenticate"]
    assert list(responses["Error503"]["headers"]) == ["X-Request-Id", "Retry-After"]
    assert list(responses["Error410"]["headers"]) == ["X-Request-Id"]
    assert "X-Request-Id" in api["paths"][LIST[0]][LIST[1]]["responses"]["200"]["headers"]


def test_a_service_with_raw_answers_has_errors_in_its_own_format(api):
    raw = api["paths"]["/v1/pages"]["post"]["responses"]["410"]

    assert raw == {"$ref": "#/components/responses/RawError410"}
    assert api["components"]["responses"]["RawError410"]["content"] == {"*/*": {}}
    assert "SOLD_OUT" in api["components"]["responses"]["RawError410"]["description"]


def test_an_api_without_reasons_has_errors_all_the_same(bookstore):
    made = document(bookstore, Wanted("bookstore.v1", "Bookstore"))

    assert "ErrorReason" not in made["components"]["schemas"]
    assert made["paths"][LIST[0]][LIST[1]]["responses"]["default"] == {"$ref": "#/components/responses/Error"}
    OpenAPIV31SpecValidator(made).validate()


def _statuses(api, path, verb):
    return api["paths"][path][verb]["responses"].keys() - ANSWERS
