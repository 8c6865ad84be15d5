from __future__ import annotations

import pytest

BOOK = {"$ref": "#/components/schemas/Book"}
ERROR = {"$ref": "#/components/responses/Error"}
RAW_ERROR = {"$ref": "#/components/responses/RawError"}


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
    }


def test_comments_are_the_documentation(api):
    operation = api["paths"]["/v1/shelves/{shelf}/books/{bookNumber}"]["get"]

    assert operation["summary"] == "Gets a book"
    assert operation["description"] == "Gets a book. It must stand on its shelf.\n\nBorrowed books are not found."
    assert operation["tags"] == ["BookService"]
    assert api["tags"] == [{"name": "BookService", "description": "Books, by shelf."}]


def test_a_part_of_a_resource_name_says_whose_part_it_is(api):
    shelf, number = api["paths"]["/v1/shelves/{shelf}/books/{bookNumber}"]["patch"]["parameters"][:2]

    assert shelf == {
        "name": "shelf",
        "in": "path",
        "required": True,
        "description": "A part of `book.name`, which is `shelves/{shelf}/books/{bookNumber}`.",
        "schema": {"type": "string"},
    }
    assert number["name"] == "bookNumber"


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
        "content": {"application/json": {"schema": BOOK}},
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
        "properties": {"to": {"type": "string"}},
        "required": ["to"],
    }
    assert [parameter["in"] for parameter in operation["parameters"]] == ["path", "path"]
    assert operation["deprecated"]


def test_a_response_body_is_the_field_alone(api):
    responses = api["paths"]["/v1/shelves/{shelvesId}/books"]["get"]["responses"]

    assert responses["200"]["content"] == {"application/json": {"schema": {"type": "array", "items": BOOK}}}
    assert responses["default"] == ERROR


def test_a_stream_comes_as_lines_or_as_events(api):
    content = api["paths"]["/v1/wings/{wing}/floors/floors/{floorsId}:watch"]["get"]["responses"]["200"]["content"]
    result, error = content["application/x-ndjson"]["schema"]["oneOf"]

    assert result["properties"] == {"result": BOOK}
    assert error["properties"] == {"error": {"$ref": "#/components/schemas/google.rpc.Status"}}
    assert content["text/event-stream"]["schema"]["type"] == "string"


@pytest.mark.parametrize(("verb", "types"), [("post", ["*/*", "text/event-stream"]), ("head", ["*/*"])])
def test_a_raw_body_is_of_any_type_and_its_errors_too(api, verb, types):
    responses = api["paths"]["/v1/pages"][verb]["responses"]

    assert list(responses["200"]["content"]) == types
    assert responses["default"] == RAW_ERROR


def test_a_raw_request_body_is_no_json(api):
    operation = api["paths"]["/v1/pages"]["post"]

    assert operation["requestBody"]["content"] == {"*/*": {}}
    assert list(_parameters(api, "/v1/pages", "post")) == ["language"]


def _parameters(api, path, verb):
    return {parameter["name"]: parameter for parameter in api["paths"][path][verb].get("parameters", [])}
