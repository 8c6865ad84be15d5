from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tollwayd.openapi.document import Wanted, document

PROTOS = Path(__file__).parents[2] / "protos"
GENERATED = Path(__file__).parents[3] / "gen" / "openapi"

BOOK = {
    "name": "shelves/1/books/2",
    "title": "Emma",
    "genre": "GENRE_FICTION",
    "copiesSold": "9007199254740993",
    "pages": 400,
    "price": 9.5,
    "cover": "AAEC",
    "publishTime": "1815-12-23T00:00:00Z",
    "readingTime": "36000.500s",
    "subtitle": "A Novel",
    "notes": {"mood": ["bright"]},
    "appendix": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s"},
    "genresByLanguage": {"en": "GENRE_FICTION"},
    "authors": ["Jane Austen"],
    "sequel": None,
    "shop": "Highbury",
    "isbn": "X",
    "email": "emma@books.example",
}


def test_the_document_is_valid_openapi(api):
    OpenAPIV31SpecValidator(api).validate()


@pytest.mark.parametrize("path", sorted(GENERATED.glob("*.json")), ids=lambda path: path.name)
def test_the_gateways_own_documents_are_valid_openapi(path):
    OpenAPIV31SpecValidator(json.loads(path.read_text())).validate()


@pytest.mark.parametrize("path", sorted(PROTOS.glob("*.proto")), ids=lambda path: path.stem)
def test_any_annotated_proto_has_a_document(compile_proto, path):
    descriptors = compile_proto(path)
    package = re.search(r"^package (.+);", path.read_text(), re.MULTILINE)[1]

    made = document(descriptors, Wanted(package, path.stem))

    OpenAPIV31SpecValidator(made).validate()
    assert bool(made["paths"]) == ("google.api.http)" in path.read_text())


def test_every_schema_is_one_of_json_schema(api):
    documents = [api, *(json.loads(path.read_text()) for path in GENERATED.glob("*.json"))]
    schemas = [schema for each in documents for schema in _schemas(each)]

    assert len(schemas) > 200
    for schema in schemas:
        Draft202012Validator.check_schema(schema)


def test_the_gateway_has_a_document_for_each_port():
    assert {path.name for path in GENERATED.iterdir()} == {"tollway-admin.json", "tollway-proxy.json"}


def test_two_runs_write_the_same_bytes(api, bookstore, wanted):
    assert json.dumps(document(bookstore, wanted)) == json.dumps(api)


def test_without_servers_the_document_is_served_with_its_api(api, bookstore):
    assert api["servers"] == [{"url": "https://books.example"}]
    assert "servers" not in document(bookstore, Wanted("bookstore.v1", "Bookstore"))


def test_reasons_are_promised_where_they_are_known(api, bookstore):
    assert "google.rpc.ErrorInfo with a `reason`" in api["info"]["description"]

    of_others = document(bookstore, Wanted("bookstore.v1", "Bookstore"))["info"]["description"]

    assert of_others.endswith("An error is a google.rpc.Status, unless an operation says otherwise.")


def test_a_stream_of_requests_is_told_of_where_it_has_no_operation(api):
    (tag,) = api["tags"]

    assert tag["description"] == (
        "Books, by shelf.\n\n`Import` takes a stream of requests at `POST /v1/import`: messages a line each or in an "
        "array, a WebSocket, or gRPC. Takes in a crate of books."
    )


def test_what_protojson_writes_fits_the_schema(api, bookstore):
    message = ParseDict(BOOK, GetMessageClass(bookstore.pool.FindMessageTypeByName("bookstore.v1.Book"))())

    written = MessageToDict(message, descriptor_pool=bookstore.pool)

    assert written == {name: value for name, value in BOOK.items() if value is not None}
    assert list(_validator(api, "Book").iter_errors(written)) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "emma"),
        ("genre", "GENRE_UNSPECIFIED"),
        ("copiesSold", 1),
        ("pages", 0),
        ("cover", "A"),
        ("cover", "A AB"),
        ("pages", 9001),
        ("readingTime", "10h"),
        ("authors", ["x", "x"]),
        ("authors", ["x" * 51]),
        ("genresByLanguage", {"eng": "GENRE_FICTION"}),
        ("genresByLanguage", {"en": "GENRE_UNKNOWN"}),
        ("sequel", {"pages": 1}),
    ],
)
def test_what_a_rule_forbids_does_not_fit_the_schema(api, field, value):
    assert list(_validator(api, "Book").iter_errors(BOOK | {field: value}))


def test_two_rules_for_one_path_and_method_are_refused(compile_proto, tmp_path):
    proto = tmp_path / "twice.proto"
    rule = 'returns (M) { option (google.api.http) = {get: "/v1/{%s=things/*}"}; }'
    proto.write_text(
        'syntax = "proto3"; package twice.v1; import "google/api/annotations.proto";'
        "message M { string a = 1; string b = 2; }"
        f"service S {{ rpc A(M) {rule % 'a'} rpc B(M) {rule % 'b'} }}"
    )

    with pytest.raises(ValueError, match=r"twice\.v1\.S\.B: another rule has GET /v1/things/\{thingsId\} already"):
        document(compile_proto(proto), Wanted("twice.v1", "Twice"))


def _schemas(part):
    """Every JSON Schema of a document."""
    if isinstance(part, dict):
        if "schema" in part:
            yield part["schema"]
        if isinstance(part.get("schemas"), dict):
            yield from part["schemas"].values()
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _schemas(each)


def _validator(api, name) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": api["components"]})
