from __future__ import annotations

import pytest

BASE64 = "^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2}(?:==)?|[A-Za-z0-9+/_-]{3}=?)?$"
DURATION = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$", "examples": ["1.5s"]}


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ("name", {"type": "string", "description": "Where it stands.", "examples": ["shelves/1/books/2"]}),
        ("genre", {"$ref": "#/components/schemas/Genre", "not": {"enum": ["GENRE_UNSPECIFIED"]}}),
        ("copiesSold", {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"}),
        (
            "pages",
            {
                "type": "integer",
                "format": "uint32",
                "minimum": 0,
                "exclusiveMinimum": 0,
                "maximum": 9000,
                "examples": [400],
            },
        ),
        ("price", {"type": "number", "format": "double"}),
        ("cover", {"type": "string", "contentEncoding": "base64", "pattern": BASE64}),
        ("publishTime", {"type": ["string", "null"], "format": "date-time", "readOnly": True}),
        ("subtitle", {"type": ["string", "null"]}),
        ("notes", {"type": ["object", "null"], "additionalProperties": True}),
        ("sequel", {"anyOf": [{"$ref": "#/components/schemas/Book"}, {"type": "null"}]}),
        ("shop", {"type": "string"}),
        ("tour", DURATION),
        ("readingTime", DURATION | {"type": ["string", "null"]}),
        ("signed", {"type": "boolean", "deprecated": True}),
        ("orderCode", {"type": "string", "writeOnly": True}),
        ("website", {"type": "string"}),
        ("email", {"type": "string", "format": "email"}),
        (
            "authors",
            {"type": "array", "items": {"type": "string", "maxLength": 50}, "minItems": 1, "uniqueItems": True},
        ),
        (
            "genresByLanguage",
            {
                "type": "object",
                "additionalProperties": {"$ref": "#/components/schemas/Genre"},
                "maxProperties": 9,
                "propertyNames": {"minLength": 2, "maxLength": 2},
            },
        ),
    ],
)
def test_a_field_is_what_protojson_makes_of_it(api, field, schema):
    assert api["components"]["schemas"]["Book"]["properties"][field] == schema


def test_a_pattern_that_ecma_262_cannot_read_is_left_out(api):
    assert "pattern" not in api["components"]["schemas"]["Book"]["properties"]["isbn"]


def test_required_fields_are_required(api):
    assert api["components"]["schemas"]["Book"]["required"] == ["title", "genre", "pages", "authors", "email"]


def test_a_message_says_which_fields_exclude_each_other(api):
    assert (
        api["components"]["schemas"]["Book"]["description"]
        == "A book:\n- bound, with a spine;\n- or not.\n\nExactly one of `shop`, `stall`, `tour` is set."
    )


def test_a_message_that_is_a_choice_holds_one_thing(api):
    assert api["components"]["schemas"]["Colour"]["maxProperties"] == 1
    assert "maxProperties" not in api["components"]["schemas"]["Book"]


def test_an_enum_lists_its_values_with_their_comments(api):
    assert api["components"]["schemas"]["Genre"] == {
        "type": "string",
        "enum": ["GENRE_UNSPECIFIED", "GENRE_FICTION", "GENRE_SCIENCE"],
        "description": "A kind of book.\n\n- `GENRE_FICTION`: Made up.",
    }


def test_components_are_sorted_and_hold_only_what_is_used(api):
    names = list(api["components"]["schemas"])

    assert names == sorted(names)
    assert "Filter" not in names
