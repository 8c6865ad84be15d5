"""proto3 JSON in and out, and what the JSON library behind the codec would let through or give away."""

from __future__ import annotations

import json
import tracemalloc
from typing import ClassVar

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.struct_pb2 import Struct

from tests.apis.bookstore import Book, ListBooksResponse, message
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.protojson.codec import decoder, encoder
from tollwayd.translator.protojson.faults import MAX_LOOKED_AT
from tollwayd.translator.protojson.text import MAX_JSON_DEPTH, MAX_JSON_VALUES

GENRES = "has to be one of GENRE_FICTION, GENRE_SCIENCE"
A_BOOK = (
    "has to be an object with name, title, genre, copiesSold, pages, price, cover, publishTime, readingTime, subtitle, "
    "notes, appendix, labels, authors, sequel, shop, stall, kiosk, signed, weight, …"
)


def decode(body, into, field=None, **options):
    decoder(into.DESCRIPTOR, field, **options)(body, into)


def encode(printed, field=None, **options):
    return encoder(printed.DESCRIPTOR, field, **options)(printed)


def read(body: str | bytes, **options):
    book = Book()
    decode(body.encode() if isinstance(body, str) else body, book, **options)
    return book


def refusal(body: str | bytes, **options) -> TollwayError:
    with pytest.raises(TollwayError) as refused:
        read(body, **options)
    return refused.value


def violation(body: str, **options) -> tuple[str, str]:
    error = refusal(body, **options)
    assert error.reason == Reason.REASON_FIELD_INVALID
    (fault,) = error.violations
    return fault.field, fault.description


@pytest.mark.parametrize("body", ["", " \r\n\t", "{}", '{"title": null}'])
def test_an_empty_body_is_an_empty_message(body):
    assert read(body) == Book()


def test_names_are_read_in_either_spelling():
    assert read('{"copiesSold": "5", "shelfNo": 1}') == read('{"copies_sold": 5, "shelf_number": 1}')


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        '"text"',
        "1",
        "null",
        "{",
        "{}{}",
        "{} x",
        "{'title': 1}",
        '{"title": "a", "title": "b"}',
        '{"notes": {"a": 1, "a": 2}}',
        '{"notes": {"a": 1, "a": 2, "b": "\\u003a"}}',
        '{"notes": {"a": 1, "a": 2, "b" : "\\u0022:"}}',
        '{"titel": {"a": 1, "a": 2}}',
        '{"price": NaN}',
        '{"price": Infinity}',
        '{"price": 1e400}',
        '{"notes": {"a": -1e400}}',
        '{"title": "\\ud800"}',
        '{"notes": {"a": "\\uDC00"}}',
        '{"\\ud800": 1}',
        b'{"title": "\xff"}',
        b"\xef\xbb\xbf{}",
        '{"title": "a"}'.encode("utf-16"),
        '{"copiesSold": ' + "9" * 5000 + "}",
    ],
)
def test_what_is_no_json_object_is_refused(body):
    assert refusal(body).reason == Reason.REASON_JSON_INVALID


@pytest.mark.parametrize(
    ("body", "where", "wanted"),
    [
        ("{'title': 'Emma'}", (1, 2), "a name in double quotes has to come here"),
        ("{title: 1}", (1, 2), "a name in double quotes has to come here"),
        ("{\"title\": 'Emma'}", (1, 11), "a value has to come here; strings take double quotes"),
        ('{"pages": .5}', (1, 11), "a value has to come here; strings take double quotes"),
        ('{\n  "title" "Emma"\n}', (2, 11), "a colon has to come here"),
        ('{\n  "title": "Emma"\n  "pages": 5}', (3, 3), "a comma has to come here, or what ends the array or object"),
        ('{"title": "Emma}', (1, 11), "the string that begins here has no end"),
        (
            '{"title": "a\nb"}',
            (1, 13),
            "a control character in a string, such as a line break, is written as an escape",
        ),
        (
            '{"title": "C:\\x"}',
            (1, 14),
            "there is no such escape; a backslash in a string is written twice",
        ),
        ('{"title": "\\u12"}', (1, 13), "four hexadecimal digits have to come here"),
        ('{"title": "é\\ud800x"}', (1, 13), "half of a pair of surrogates is no character"),
        ("{}\n{}", (2, 1), "nothing may follow the value"),
        ('{"pages":\n', (2, 1), "the text ends too early"),
        ("\ufeff{}", (1, 1), "the text may not begin with a byte order mark"),
        (b'{\n"title": "\xc3\xa9\xff"}', (2, 12), "this is not UTF-8"),
    ],
)
def test_where_a_text_is_no_json_and_what_has_to_come_there(body, where, wanted):
    error = refusal(body)
    line, column = where
    assert error.message == f"The body is not valid JSON at line {line}, column {column}: {wanted}."
    assert error.metadata == {"line": str(line), "column": str(column)}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('{"title": "a", "title": "b"}', "an object has two members of the same name"),
        ('{"price": 1e400}', "a number is out of range"),
        (
            '{"price": -Infinity}',
            "NaN and Infinity are no numbers of JSON; where a field takes them, they stand in double quotes",
        ),
    ],
)
def test_what_json_allows_and_what_is_refused_all_the_same_is_told(body, problem):
    assert refusal(body).message == f"The body is not valid JSON: {problem}."


@pytest.mark.parametrize("body", ["{'s3cret': 1}", '{"a": s3cret}', '{"s3cret": "\\s3cret"}', '{"s3cret": 1} s3cret'])
def test_nothing_of_a_text_that_is_no_json_is_sent_back(body):
    error = refusal(body)
    assert "s3cret" not in f"{error.message} {error.metadata}"


def test_paired_surrogates_and_escaped_backslashes_are_no_lone_surrogates():
    assert read('{"title": "\\ud83d\\ude00 \\\\ud800"}').title == "😀 \\ud800"


@pytest.mark.parametrize(
    ("body", "field", "description"),
    [
        ('{"titel": 1}', "titel", "there is no such field; did you mean title?"),
        ('{"sequel": {"titel": 1}}', "sequel.titel", "there is no such field; did you mean title?"),
        ('{"related": [{}, {"x": 1}]}', "related[1].x", "there is no such field"),
        ('{"translations": {"de": {"x": 1}}}', "translations[de].x", "there is no such field"),
        ('{"translations": {"<b>": {"x": 1}}}', "translations.x", "there is no such field"),
        ('{"title": 5}', "title", "has to be a string of valid Unicode"),
        ('{"title": {"a": 1}}', "title", "has to be a string of valid Unicode"),
        ('{"copies_sold": "x"}', "copiesSold", "takes whole numbers only, of 64 bits"),
        ('{"copiesSold": 9223372036854775808}', "copiesSold", "takes whole numbers only, of 64 bits"),
        ('{"pages": -1}', "pages", "takes whole numbers only, of 32 bits and not negative"),
        ('{"pages": true}', "pages", "takes whole numbers only, of 32 bits and not negative"),
        ('{"signed": "true"}', "signed", "has to be true or false"),
        ('{"genre": "POETRY"}', "genre", GENRES),
        ('{"genre": []}', "genre", GENRES),
        ('{"weight": 1e39}', "weight", "has to be a number in the range of 32-bit floats"),
        ('{"cover": 5}', "cover", "has to be base64"),
        ('{"authors": "a"}', "authors", "has to be an array"),
        ('{"authors": ["a", null]}', "authors[1]", "has to be a string of valid Unicode"),
        ('{"labels": []}', "labels", "has to be an object"),
        ('{"labels": {"a": 1}}', "labels[a]", "has to be a string of valid Unicode"),
        ('{"genresByYear": {"x": 1}}', "genresByYear[x]", GENRES),
        ('{"sequel": [1]}', "sequel", A_BOOK),
        ('{"sequel": 5}', "sequel", A_BOOK),
        ('{"related": [5]}', "related[0]", A_BOOK),
        ('{"translations": {"de": 5}}', "translations[de]", A_BOOK),
        ('{"genres": ["POETRY"]}', "genres[0]", GENRES),
        ('{"copiesSold": "10.50"}', "copiesSold", "takes whole numbers only, of 64 bits"),
        ('{"related": {}}', "related", "has to be an array"),
        ('{"publishTime": 5}', "publishTime", 'has to be a time such as "2026-01-31T09:00:00Z" (RFC 3339)'),
        ('{"subtitle": 5}', "subtitle", "has to be a string of valid Unicode"),
        ('{"notes": 5}', "notes", "has to be an object"),
        ('{"appendix": {"@type": "x/no.Such"}}', "appendix", "has to be an object"),
        ('{"copiesSold": 1, "copies_sold": 1}', "copiesSold", "is given twice, by both of its names"),
        ('{"copies_sold": null, "copiesSold": 1}', "copiesSold", "is given twice, by both of its names"),
        ('{"copiesSold": -9223372036854775809}', "copiesSold", "takes whole numbers only, of 64 bits"),
        ('{"cover": "a b"}', "cover", "has to be base64"),
        ('{"appendix": {"@type": 5}}', "appendix", "has to be an object"),
        ('{"shop": "a", "stall": 1}', "stall", "is one of several fields of which only one may be given"),
    ],
)
def test_the_first_field_that_does_not_fit_is_named(body, field, description):
    assert violation(body) == (field, description)


def test_errors_send_nothing_of_the_body_back_and_list_no_fields():
    error = refusal('{"sequel": {"sk-secret": "very-secret"}}')
    said = f"{error.message} {error.metadata} {error.violations}"
    assert "secret" not in said
    assert "copiesSold" not in said
    assert error.violations[0].field == "sequel"


def test_unknown_fields_are_passed_over_where_that_is_wanted():
    assert read('{"titel": 1, "title": "x", "sequel": {"y": 1}}', ignore_unknown=True).title == "x"
    assert violation('{"titel": 1, "pages": "x"}', ignore_unknown=True)[0] == "pages"
    assert read('{"genre": "POETRY", "genres": ["GENRE_FICTION", "POETRY"]}', ignore_unknown=True) == Book(genres=[1])
    assert read('{"genresByYear": {"1": "POETRY", "2": 1}}', ignore_unknown=True) == Book(genres_by_year={2: 1})


class TestOneFieldAsTheBody:
    def create(self, body: bytes):
        request = message("CreateBookRequest")()
        decode(body, request, request.DESCRIPTOR.fields_by_name["book"])
        return request

    @pytest.mark.parametrize("body", [b"", b"{}"])
    def test_is_present_even_if_empty(self, body):
        assert self.create(body).HasField("book")

    def test_is_named_in_errors(self):
        with pytest.raises(TollwayError) as refused:
            self.create(b'{"sequel": {"pages": "x"}}')
        assert refused.value.violations[0].field == "book.sequel.pages"

    def test_may_be_an_array(self):
        request = message("TagBooksRequest")()
        decode(b'["a", "b"]', request, request.DESCRIPTOR.fields_by_name["tags"])
        assert list(request.tags) == ["a", "b"]
        with pytest.raises(TollwayError) as refused:
            decode(b'["a", 1]', request, request.DESCRIPTOR.fields_by_name["tags"])
        assert refused.value.violations[0].field == "tags[1]"

    def test_may_be_of_a_type_with_a_form_of_its_own(self):
        book = Book()
        decode(b'{"any": ["thing"]}', book, Book.DESCRIPTOR.fields_by_name["notes"])
        assert book.notes["any"][0] == "thing"
        decode(b'"text"', book, Book.DESCRIPTOR.fields_by_name["subtitle"])
        assert book.subtitle.value == "text"


def nested(depth: int) -> str:
    """JSON of `depth` levels."""
    return '{"sequel": ' * (depth - 1) + "{}" + "}" * (depth - 1)


class TestDepth:
    def test_up_to_the_limit_is_read(self):
        assert read(nested(MAX_JSON_DEPTH - 1)).HasField("sequel")
        assert read(nested(MAX_JSON_DEPTH)).HasField("sequel")

    def test_beyond_the_limit_is_refused(self):
        assert refusal(nested(MAX_JSON_DEPTH + 1)).reason == Reason.REASON_JSON_TOO_DEEP

    @pytest.mark.parametrize("bomb", ["[" * 1_000_000, '{"a":' * 200_000, '{"notes":{"a":' + "[" * 500_000])
    def test_bombs_are_refused_however_they_are_cut(self, bomb):
        assert refusal(bomb).reason == Reason.REASON_JSON_TOO_DEEP

    def test_quotes_and_brackets_in_strings_hide_no_depth(self):
        strings = ['"]"', '"\\\\"', '"\\""', '"[\\""', '"\\\\\\"]"', '""', '":"']
        bodies = ["[" + f"{string},[" * MAX_JSON_DEPTH + "]" * (MAX_JSON_DEPTH + 1) for string in strings]
        assert {refusal(body).reason for body in bodies} == {Reason.REASON_JSON_TOO_DEEP}

    def test_brackets_in_strings_are_no_depth(self):
        assert len(read(json.dumps({"title": '[{"\\' * 100})).title) == 400
        assert len(read(json.dumps({"title": '"["' * 100})).title) == 300

    def test_wide_is_not_deep(self):
        assert len(read(json.dumps({"related": [{}] * 500})).related) == 500

    def test_a_string_that_never_ends_costs_no_more_than_its_length(self):
        # Quadratic, this would take hours.
        assert refusal("[" * 65 + '"' + '\\"' * 1_000_000).reason == Reason.REASON_JSON_TOO_DEEP
        assert refusal("{" * 60 + '"' + '\\"{' * 1_000_000).reason == Reason.REASON_JSON_INVALID


class TestSearchForAFault:
    """Each array, object or map has its fault behind as many values as are looked at."""

    BODIES: ClassVar = {
        "an array": ('{"authors":[', '"",', "1]}"),
        "messages": ('{"related":[', "{},", "1]}"),
        "members": ("{", '"no%d":1,', '"pages":"x"}'),
        "a map": ('{"labels":{', '"a%d":"",', '"z":1}}'),
        "a map of messages": ('{"translations":{', '"a%d":{},', '"z":1}}'),
    }

    @pytest.mark.parametrize(("begin", "fit", "fault"), BODIES.values(), ids=BODIES)
    def test_gives_up_in_the_end(self, begin, fit, fault):
        def error(times: int) -> TollwayError:
            body = begin + "".join(fit.replace("%d", str(number)) for number in range(times)) + fault
            return refusal(body, ignore_unknown=True)

        assert error(1000).reason == Reason.REASON_FIELD_INVALID
        assert error(MAX_LOOKED_AT).reason == Reason.REASON_JSON_INVALID
        assert str(error(MAX_LOOKED_AT)) == "The body is JSON, but no bookstore.rest.v1.Book."

    def test_reaches_the_end_of_an_embedding(self):
        size = 90_000
        path, _ = violation('{"authors":[' + '"",' * size + "1]}")
        assert path == f"authors[{size}]"


def wide(value: str, times: int) -> str:
    """A book whose notes are an array."""
    return '{"notes":{"a":[' + ",".join([value] * times) + "]}}"


class TestManyValues:
    @pytest.mark.parametrize(
        ("value", "most"),
        [("1", MAX_JSON_VALUES - 7), ("[]", MAX_JSON_VALUES // 2 - 4), ('{"a":1}', MAX_JSON_VALUES // 3 - 3)],
    )
    def test_the_limit(self, value, most):
        assert len(read(wide(value, most)).notes["a"]) == most
        error = refusal(wide(value, most + 10))
        assert error.reason == Reason.REASON_BODY_TOO_LARGE
        assert f"{MAX_JSON_VALUES:,}" in str(error)

    def test_an_array_of_numbers_as_of_an_embedding_passes(self):
        assert len(read(wide("-0.0123456789012345", 100_000)).notes["a"]) == 100_000

    @pytest.mark.parametrize("text", [",", ":", "[{", '",', '\\"', "[],\\"])
    def test_text_is_one_value(self, text):
        title = text * MAX_JSON_VALUES
        assert read(json.dumps({"title": title})).title == title

    @pytest.mark.parametrize("string", ['"', '"\\"', '",', '"["', '"\\\\"', '""'])
    def test_quotes_in_strings_hide_no_values(self, string):
        assert refusal(wide(json.dumps(string), MAX_JSON_VALUES + 1)).reason == Reason.REASON_BODY_TOO_LARGE

    @pytest.mark.parametrize("bomb", ["[],", "1,", '"",', '{"a":1},', '{"a":', ":", "{"])
    def test_bombs_are_refused_before_they_are_read(self, bomb):
        body = b'{"notes":{"a":[' + bomb.encode() * (8_000_000 // len(bomb))
        tracemalloc.start()
        try:
            assert refusal(body).reason == Reason.REASON_BODY_TOO_LARGE
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 4 * len(body)


class TestPrinting:
    def test_set_fields_in_camel_case(self):
        book = Book(title="x", copies_sold=5, shelf_number=1, genre=1)
        assert json.loads(encode(book)) == {
            "title": "x",
            "copiesSold": "5",
            "shelfNo": 1,
            "genre": "GENRE_FICTION",
        }

    def test_unset_fields_as_zero_values_and_messages_as_null(self):
        printed = json.loads(encode(Book(title="x"), print_unset=True))
        assert printed["title"] == "x"
        assert printed["copiesSold"] == "0"
        assert printed["genre"] == "GENRE_UNSPECIFIED"
        assert printed["authors"] == []
        assert printed["labels"] == {}
        assert printed["publishTime"] is None
        assert printed["sequel"] is None
        assert printed["subtitle"] is None
        # Members of a oneof, and optional fields, say by their absence that they are not meant.
        assert not {"shop", "stall", "kiosk", "signed"} & printed.keys()

    def test_unset_messages_at_every_depth(self):
        book = Book(sequel=Book(), related=[Book()])
        book.translations["de"].title = "x"
        book.notes["a"] = 1
        book.publish_time.seconds = 1
        printed = json.loads(encode(book, print_unset=True))
        assert printed["sequel"]["sequel"] is None
        assert printed["related"][0]["sequel"] is None
        assert printed["translations"]["de"]["sequel"] is None
        assert printed["notes"] == {"a": 1.0}
        assert printed["publishTime"] == "1970-01-01T00:00:01Z"

    def test_an_any_holds_unset_fields_too(self):
        book = Book()
        book.appendix.Pack(Book(title="x"))
        inner = json.loads(encode(book, print_unset=True))["appendix"]
        assert (inner["title"], inner["pages"], inner["sequel"]) == ("x", 0, None)

    def test_one_field_as_the_body(self):
        fields = ListBooksResponse.DESCRIPTOR.fields_by_name
        answer = ListBooksResponse(titles=["a"], first=Book(title="x"))
        assert json.loads(encode(answer, fields["titles"])) == ["a"]
        assert json.loads(encode(answer, fields["first"])) == {"title": "x"}
        assert json.loads(encode(ListBooksResponse(), fields["titles"])) == []
        assert json.loads(encode(ListBooksResponse(), fields["first"])) is None

    def test_messages_with_a_form_of_their_own(self):
        struct = Struct()
        struct["a"] = "b"
        assert json.loads(encode(struct, print_unset=True)) == {"a": "b"}

    def test_an_any_of_an_unknown_type_is_passed_on_as_bytes(self):
        printed = json.loads(encode(Book(appendix=AnyMessage(type_url="x/no.Such", value=b"a"))))
        assert printed == {"appendix": {"@type": "x/no.Such", "value": "YQ=="}}

    @pytest.mark.parametrize("seconds", [253_402_300_800, -62_135_596_801, 2**62])
    def test_a_time_outside_the_years_1_to_9999_has_no_form(self, seconds):
        book = Book()
        book.publish_time.seconds = seconds
        with pytest.raises(ValueError, match="out of range"):
            encode(book)
