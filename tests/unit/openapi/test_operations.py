from __future__ import annotations

import pytest

BOOK = {"$ref": "#/components/schemas/Book"}


def test_every_rule_is_an_operation_with_an_id_of_its_own(api):
    ids = {
        (verb, path): operation["operationId"]
        for path, operations in api["paths"].items()
        for verb, operation in operations.items()
    }

    assert ids == {
        ("get", "/v1/shelves/{shelf}/books/{bookNumber}"): "BookService_GetBook",
        ("get", "/v1/books/{name}"): "BookService_GetBook_2",
        ("get", "/v1/shelves/{shelvesId}/books"): "BookService_ListBooks",
        ("post", "/v1/shelves/{shelvesId}/books"): "BookService_CreateBook",
        ("patch", "/v1/shelves/{shelf}/books/{bookNumber}"): "BookService_UpdateBook",
        ("post", "/v1/shelves/{shelf}/books/{bookNumber}:move"): "BookService_MoveBook",
        ("get", "/v1/wings/{wing}/floors/floors/{floorsId}:watch"): "BookService_WatchBooks",
        ("post", "/v1/pages"): "BookService_ReadPage",
        ("head", "/v1/pages"): "BookService_CheckPage",
        ("get", "/v1/cards/{cardsId}"): "BookService_GetCard",
        ("patch", "/v1/cards/{cardsId}"): "BookService_UpdateCard",
        ("delete", "/v1/cards/{cardsId}"): "BookService_DeleteCard",
    }


def test_comments_are_the_documentation(api):
    operation = api["paths"]["/v1/shelves/{shelf}/books/{bookNumber}"]["get"]

    assert operation["summary"] == "Gets a book"
    assert operation["description"] == "Gets a book. It must stand on its shelf.\n\nBorrowed books are not found."
    assert operation["tags"] == ["BookService"]


def test_a_summary_is_plain_text(api):
    operation = api["paths"]["/v1/shelves/{shelf}/books/{bookNumber}:move"]["post"]

    assert operation["summary"] == "Moves a book, to another shelf"


def test_a_part_of_a_resource_name_says_whose_part_it_is(api):
    shelf, number = api["paths"]["/v1/shelves/{shelf}/books/{bookNumber}"]["patch"]["parameters"][:2]

    assert shelf == {
        "name": "shelf",
        "in": "path",
        "required": True,
        "description": "A part of `book.name`, which is `shelves/{shelf}/books/{bookNumber}`.",
        "example": "1",
        "schema": {"type": "string", "minLength": 1},
    }
    assert (number["name"], number["example"]) == ("bookNumber", "2")


def test_a_part_of_a_resource_name_keeps_its_part_of_the_pattern(api):
    shelf, number = api["paths"]["/v1/shelves/{shelf}/books/{bookNumber}"]["get"]["parameters"][:2]

    assert shelf["schema"] == {"type": "string", "minLength": 1, "pattern": "^[^/]{1,9}$"}
    assert number["schema"] == {"type": "string", "minLength": 1, "pattern": "^[0-9]+$"}


def test_a_whole_field_in_the_path_keeps_its_limits(api):
    wing = _parameters(api, "/v1/wings/{wing}/floors/floors/{floorsId}:watch", "get")["wing"]

    assert wing["schema"] == {"type": "string", "maxLength": 3}


def test_a_parameter_that_spans_segments_says_so(api):
    assert api["paths"]["/v1/books/{name}"]["get"]["parameters"][0]["description"] == (
        "The book's name. It may hold slashes."
    )


def test_what_neither_path_nor_body_carries_is_a_query_parameter(api):
    parameters = _parameters(api, "/v1/shelves/{shelvesId}/books", "get")

    assert list(parameters) == [
        "shelvesId",
        "pageSize",
        "genres",
        "labels",
        "filter.author",
        "filter.since",
        "readMask",
    ]
    assert parameters["pageSize"]["required"]
    assert "required" not in parameters["genres"]
    assert "required" not in parameters["filter.author"]  # The filter itself may be left out.
    assert parameters["labels"]["style"] == "deepObject"
    assert parameters["filter.since"]["schema"] == {"type": "string", "format": "date-time"}


def test_a_body_of_one_field_leaves_the_others_to_the_query(api):
    operation = api["paths"]["/v1/shelves/{shelvesId}/books"]["post"]

    assert operation["requestBody"] == {
        "description": "The book to be.",
        "required": True,
        "content": {"application/json": {"schema": BOOK, "example": {"title": "Emma", "shop": "Highbury"}}},
    }
    assert list(_parameters(api, "/v1/shelves/{shelvesId}/books", "post")) == ["shelvesId", "dryRun"]


def test_a_patch_requires_no_field_and_takes_the_name_from_the_path(api):
    operation = api["paths"]["/v1/shelves/{shelf}/books/{bookNumber}"]["patch"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]

    assert "required" not in body
    assert "name" not in body["properties"]
    assert "title" in body["properties"]
    assert "updateMask" in _parameters(api, "/v1/shelves/{shelf}/books/{bookNumber}", "patch")


def test_a_body_of_all_fields_leaves_those_of_the_path_out_and_nothing_to_the_query(api):
    operation = api["paths"]["/v1/shelves/{shelf}/books/{bookNumber}:move"]["post"]

    assert operation["requestBody"]["content"]["application/json"]["schema"] == {
        "type": "object",
        "properties": {
            "to": {"type": "string", "minLength": 1},
            "by": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
        "required": ["to", "by"],
    }
    assert [parameter["in"] for parameter in operation["parameters"]] == ["path", "path"]
    assert operation["deprecated"]


@pytest.mark.parametrize(
    ("path", "verb", "required"),
    [
        ("/v1/shelves/{shelvesId}/books", "post", True),
        ("/v1/shelves/{shelf}/books/{bookNumber}", "patch", False),
        ("/v1/shelves/{shelf}/books/{bookNumber}:move", "post", True),
        ("/v1/pages", "post", False),
    ],
)
def test_a_body_is_required_where_it_alone_carries_what_is(api, path, verb, required):
    assert api["paths"][path][verb]["requestBody"].get("required", False) is required


def test_a_response_body_is_the_field_alone(api):
    answer = api["paths"]["/v1/shelves/{shelvesId}/books"]["get"]["responses"]["200"]

    assert answer["content"] == {"application/json": {"schema": {"type": "array", "items": BOOK}}}


def test_a_stream_comes_as_lines_as_events_or_as_an_array(api):
    operation = api["paths"]["/v1/wings/{wing}/floors/floors/{floorsId}:watch"]["get"]
    content = operation["responses"]["200"]["content"]
    result, error = content["application/x-ndjson"]["schema"]["oneOf"]

    assert result["properties"] == {"result": BOOK}
    assert error["properties"] == {"error": {"$ref": "#/components/schemas/google.rpc.Status"}}
    assert "an event named `error` is the last" in content["text/event-stream"]["schema"]["description"]
    assert content["application/json"]["schema"]["items"] == {"anyOf": [BOOK, error]}
    assert operation["parameters"][-1]["name"] == "alt"
    assert operation["parameters"][-1]["schema"]["enum"] == ["json", "sse", "array"]


def test_only_a_stream_of_json_has_a_choice_of_form(api):
    operations = [operation for item in api["paths"].values() for operation in item.values()]
    chosen = [each["operationId"] for each in operations if any(p["name"] == "alt" for p in each.get("parameters", []))]

    assert chosen == ["BookService_WatchBooks"]


@pytest.mark.parametrize(("verb", "types"), [("post", ["text/plain", "text/event-stream"]), ("head", ["*/*"])])
def test_a_raw_body_is_of_any_type_or_of_that_of_its_example(api, verb, types):
    assert list(api["paths"]["/v1/pages"][verb]["responses"]["200"]["content"]) == types


def test_a_raw_request_body_is_no_json(api):
    operation = api["paths"]["/v1/pages"]["post"]

    assert operation["requestBody"]["content"] == {"*/*": {}}
    assert list(_parameters(api, "/v1/pages", "post")) == ["language"]


def test_a_read_of_what_has_an_etag_can_be_spared(api):
    operation = api["paths"]["/v1/cards/{cardsId}"]["get"]

    assert [parameter["name"] for parameter in operation["parameters"]] == ["cardsId", "If-None-Match"]
    assert "ETag" in operation["responses"]["200"]["headers"]
    assert operation["responses"]["304"]["headers"].keys() == {"ETag"}
    assert "content" not in operation["responses"]["304"]
    assert "412" not in operation["responses"]


@pytest.mark.parametrize("verb", ["patch", "delete"])
def test_a_write_can_be_bound_to_an_etag(api, verb):
    operation = api["paths"]["/v1/cards/{cardsId}"][verb]

    assert "If-Match" in _parameters(api, "/v1/cards/{cardsId}", verb)
    assert operation["responses"]["412"] == {"$ref": "#/components/responses/Error412"}
    assert "304" not in operation["responses"]
    assert ("ETag" in operation["responses"]["200"]["headers"]) is (verb == "patch")


def test_what_has_no_etag_has_no_conditions(api):
    book = api["paths"]["/v1/shelves/{shelf}/books/{bookNumber}"]
    names = {parameter["name"] for operation in book.values() for parameter in operation["parameters"]}

    assert names.isdisjoint({"If-Match", "If-None-Match"})
    assert all("412" not in operation["responses"] for operation in book.values())


def _parameters(api, path, verb):
    return {parameter["name"]: parameter for parameter in api["paths"][path][verb].get("parameters", [])}
