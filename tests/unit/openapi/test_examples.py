from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tollwayd.openapi.comments import Block, parse
from tollwayd.openapi.document import Wanted, document

GENERATED = sorted((Path(__file__).parents[3] / "gen" / "openapi").glob("*.json"))


def test_a_comment_is_prose_and_examples():
    comment = parse(
        " Says this\n and that.\n Example: x y\n\n - One.\n - Two.\n ```json request\n {}\n ```\n buf:lint:ignore X\n"
    )

    assert comment.text == "Says this and that.\n\n- One.\n- Two."
    assert comment.example == "x y"
    assert comment.blocks == {"request": Block("json", "{}")}


def test_a_field_shows_its_example(api):
    book = api["components"]["schemas"]["Book"]["properties"]

    assert book["name"]["examples"] == ["shelves/1/books/2"]
    assert book["pages"]["examples"] == [400]
    assert "examples" not in book["title"]


def test_a_parameter_shows_its_example(api):
    parameters = api["paths"]["/v1/shelves/{shelvesId}/books"]["get"]["parameters"]
    shown = {parameter["name"]: parameter["example"] for parameter in parameters if "example" in parameter}

    # The shelf is that of a book's name, to which `parent` refers.
    assert shown == {"shelvesId": "1", "genres": ["GENRE_FICTION"]}


def test_a_whole_name_shows_that_of_the_resource(api):
    assert api["paths"]["/v1/books/{name}"]["get"]["parameters"][0]["example"] == "shelves/1/books/2"


def test_a_message_shows_its_example(api):
    (example,) = api["components"]["schemas"]["Book"]["examples"]

    assert example["publishTime"] == "1815-12-23T00:00:00Z"


def test_a_request_shows_what_a_caller_may_send(api):
    content = api["paths"]["/v1/shelves/{shelf}/books/{bookNumber}"]["patch"]["requestBody"]["content"]

    assert content["application/json"]["example"] == {"title": "Emma", "shop": "Highbury"}


def test_a_method_shows_its_own_request_and_response(api):
    operation = api["paths"]["/v1/cards/{cardsId}"]["patch"]

    assert operation["requestBody"]["content"]["application/json"]["example"] == {"reader": "Anne"}
    assert operation["responses"]["200"]["content"]["application/json"]["example"] == {"reader": "Anne", "etag": "2"}


def test_a_raw_answer_shows_its_text(api):
    content = api["paths"]["/v1/pages"]["post"]["responses"]["200"]["content"]

    assert content["text/plain"]["example"] == "It is a truth universally acknowledged"


@pytest.mark.parametrize(
    ("comment", "fault"),
    [
        ("// Example: four\n", r"lost\.v1\.M\.a: its example is not JSON"),
        ("// ```json\n// {}\n", r"lost\.v1\.M\.a: a fenced block is not closed"),
    ],
)
def test_an_example_that_cannot_be_read_is_refused(compile_proto, tmp_path, comment, fault):
    proto = tmp_path / "lost.proto"
    proto.write_text(
        'syntax = "proto3"; package lost.v1; import "google/api/annotations.proto";\n'
        f"message M {{\n{comment} int32 a = 1; }}\n"
        'service S { rpc A(M) returns (M) { option (google.api.http) = {post: "/v1/a" body: "*"}; } }'
    )

    with pytest.raises(ValueError, match=fault):
        document(compile_proto(proto), Wanted("lost.v1", "Lost"))


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_the_gateways_own_examples_fit_their_schemas(path):
    api = json.loads(path.read_text())
    shown = list(_examples(api))

    assert len(shown) > 10
    for schema, example in shown:
        validator = Draft202012Validator({**schema, "components": api["components"]})
        assert list(validator.iter_errors(example)) == [], (schema, example)


def _examples(part):
    """Every example of a document with the schema that it is one of."""
    if isinstance(part, dict):
        for example in part.get("examples", []) if isinstance(part.get("examples"), list) else []:
            yield part, example
        if "schema" in part:
            yield from ((part["schema"], each) for each in [part.get("example")] if each is not None)
            yield from ((part["schema"], each["value"]) for each in _named(part))
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _examples(each)


def _named(part):
    examples = part.get("examples", {})
    return examples.values() if isinstance(examples, dict) else ()
