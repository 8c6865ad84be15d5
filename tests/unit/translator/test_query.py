"""Query parameters into fields: every form that is taken, and every one that is refused."""

from __future__ import annotations

import pytest

from tests.apis.bookstore import Book, GetBookRequest, ListBooksRequest, message
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.messages.query import MAX_PATH_DEPTH, QueryReader, parse, system_parameters

GENRES = "has to be one of GENRE_FICTION, GENRE_SCIENCE"


def read(query: str, *, ignore_unknown: bool = False, body: str = "", kind=Book):
    message = kind()
    QueryReader(kind.DESCRIPTOR, body, ignore_unknown=ignore_unknown).read(parse(query), message)
    return message


def refusal(query: str, **options):
    with pytest.raises(TollwayError) as refused:
        read(query, **options)
    (violation,) = refused.value.violations
    assert refused.value.reason == Reason.REASON_FIELD_INVALID
    return violation.field, violation.description


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("title=Emma", {"title": "Emma"}),
        ("title=", {}),
        ("title", {}),
        ("", {}),
        ("&&title=Emma&", {"title": "Emma"}),
        ("title=a+b%2Bc%20d%26e%3Df=g", {"title": "a b+c d&e=f=g"}),
        ("title=%E2%82%AC", {"title": "€"}),
        ("t%69tle=Emma", {"title": "Emma"}),
        # Either name.
        ("copies_sold=5", {"copies_sold": 5}),
        ("copiesSold=-5", {"copies_sold": -5}),
        ("shelfNo=5", {"shelf_number": 5}),
        ("shelf_number=5", {"shelf_number": 5}),
        # Scalars.
        ("copiesSold=9223372036854775807", {"copies_sold": 2**63 - 1}),
        ("pages=4294967295", {"pages": 2**32 - 1}),
        ("price=1.5", {"price": 1.5}),
        ("price=-1e-3", {"price": -0.001}),
        ("price=Infinity", {"price": float("inf")}),
        ("weight=-Infinity", {"weight": float("-inf")}),
        ("signed=true", {"signed": True}),
        ("signed=TRUE", {"signed": True}),
        ("signed=1", {"signed": True}),
        ("signed=False", {"signed": False}),
        ("signed=0", {"signed": False}),
        # Base64 and base64url, padded or not.
        ("cover=_-8", {"cover": b"\xff\xef"}),
        ("cover=_-8%3D", {"cover": b"\xff\xef"}),
        ("cover=/%2B8=", {"cover": b"\xff\xef"}),
        ("cover=YQ==", {"cover": b"a"}),
        # Enums by name in any case, and by number, known or not.
        ("genre=GENRE_FICTION", {"genre": 1}),
        ("genre=genre_Fiction", {"genre": 1}),
        ("genre=2", {"genre": 2}),
        ("genre=77", {"genre": 77}),
        # Repeated.
        ("authors=a&title=x&authors=b", {"authors": ["a", "b"], "title": "x"}),
        ("genres=1&genres=GENRE_SCIENCE", {"genres": [1, 2]}),
        # Nested.
        ("sequel.sequel.title=x&sequel.pages=3", {"sequel": {"pages": 3, "sequel": {"title": "x"}}}),
        ("sequel.copiesSold=3", {"sequel": {"copies_sold": 3}}),
        # Maps.
        ("labels[a]=b&labels[c.d]=", {"labels": {"a": "b", "c.d": ""}}),
        ("labels%5Ba%5D=b", {"labels": {"a": "b"}}),
        ("sequel.labels[a]=b", {"sequel": {"labels": {"a": "b"}}}),
        ("genres_by_year[1984]=genre_fiction", {"genres_by_year": {1984: 1}}),
        # Oneofs: the same member twice is the same field.
        ("stall=0", {"stall": 0}),
    ],
)
def test_a_parameter_sets_its_field(query, expected):
    assert read(query) == Book(**expected)


@pytest.mark.parametrize(
    ("query", "field", "text"),
    [
        ("publish_time=2026-01-31T09:00:00Z", "publish_time", "2026-01-31T09:00:00Z"),
        ("publishTime=2026-01-31T09:00:00.5%2B01:00", "publish_time", "2026-01-31T08:00:00.500Z"),
        ("reading_time=1.5s", "reading_time", "1.500s"),
    ],
)
def test_well_known_types_are_written_as_in_json(query, field, text):
    assert getattr(read(query), field).ToJsonString() == text


def test_repeated_well_known_types():
    book = read("reprints=2026-01-31T09:00:00Z&reprints=2027-01-31T09:00:00Z")
    assert [each.seconds for each in book.reprints] == [1769850000, 1801386000]


def test_wrappers_stand_for_their_value_and_are_present_when_empty():
    assert read("subtitle=x").subtitle.value == "x"
    assert read("subtitle.value=x").subtitle.value == "x"
    assert read("subtitle=").HasField("subtitle")
    assert read("sold=false", kind=ListBooksRequest).HasField("sold")


@pytest.mark.parametrize("spelling", ["displayName,a.bookId", "display_name,a.book_id", "displayName,a.book_id"])
def test_a_field_mask_in_either_spelling(spelling):
    assert list(read(f"read_mask={spelling}", kind=GetBookRequest).read_mask.paths) == ["display_name", "a.book_id"]


@pytest.mark.parametrize("mask", ["a__b", "a_1", "title,a_"])
def test_a_field_mask_that_json_cannot_say(mask):
    assert refusal(f"read_mask={mask}", kind=GetBookRequest)[0] == "readMask"


@pytest.fixture
def masked():
    return GetBookRequest


@pytest.mark.parametrize(
    ("query", "field", "description"),
    [
        ("titel=x", "titel", "there is no such field; did you mean title?"),
        ("copiessold=x", "copiessold", "there is no such field; did you mean copiesSold?"),
        ("sequel.titel=x", "sequel.titel", "there is no such field; did you mean title?"),
        ("zzz=x", "zzz", "there is no such field"),
        ("title.x=1", "title.x", "there is no such field"),
        ("title=a&title=b", "title", "is given more than once"),
        ("copiesSold=1&copies_sold=2", "copiesSold", "is given more than once"),
        ("labels[a]=1&labels[a]=2", "labels", "is given more than once"),
        ("shop=a&stall=1", "stall", "is one of several fields of which only one may be given"),
        ("sequel.shop=a&sequel.stall=1", "sequel.stall", "is one of several fields of which only one may be given"),
        ("copiesSold=1.5", "copiesSold", "takes whole numbers only, of 64 bits"),
        ("copiesSold=9223372036854775808", "copiesSold", "takes whole numbers only, of 64 bits"),
        ("copiesSold=", "copiesSold", "takes whole numbers only, of 64 bits"),
        ("copiesSold=1_000", "copiesSold", "takes whole numbers only, of 64 bits"),
        ("copiesSold=%D9%A1", "copiesSold", "takes whole numbers only, of 64 bits"),
        ("sequel.pages=-1", "sequel.pages", "takes whole numbers only, of 32 bits and not negative"),
        ("price=abc", "price", "has to be a number"),
        ("price=1e999", "price", "has to be a number"),
        ("price=nan", "price", "has to be a number"),
        ("price=0x10", "price", "has to be a number"),
        ("weight=1e39", "weight", "has to be a number in the range of 32-bit floats"),
        ("signed=yes", "signed", "has to be true or false"),
        ("genre=GENRE_POETRY", "genre", GENRES),
        ("genre=99999999999", "genre", GENRES),
        ("cover=a", "cover", "has to be base64"),
        ("cover=a!b", "cover", "has to be base64"),
        ("cover=YQ===", "cover", "has to be base64"),
        ("labels=x", "labels", "is a map; give its entries as name[key]=value"),
        ("title[a]=x", "title", "is not a map"),
        ("genres_by_year[x]=1", "genresByYear", GENRES),
        ("sequel=x", "sequel", "is a message; give its fields as name.field=value"),
        ("notes=x", "notes", "cannot be given as a query parameter"),
        ("related=x", "related", "is a message; give its fields as name.field=value"),
        ("translations[a]=x", "translations", "is a message; give its fields as name.field=value"),
        ("related.title=x", "related", "is repeated; its parts cannot be given as query parameters"),
        ("publishTime=yesterday", "publishTime", 'has to be a time such as "2026-01-31T09:00:00Z" (RFC 3339)'),
        ("readingTime=5", "readingTime", 'has to be a number of seconds followed by "s", such as "1.5s"'),
        ("sold=2", "sold", "has to be true or false"),
        # Not in parts, of which some would make what no JSON can say.
        ("publishTime.seconds=999999999999999", "publishTime.seconds", "there is no such field"),
        ("readingTime.nanos=-5", "readingTime.nanos", "there is no such field"),
        ("appendix.type_url=x", "appendix.type_url", "there is no such field"),
        ("remark.number_value=NaN", "remark.number_value", "there is no such field"),
    ],
)
def test_what_is_refused_is_named(query, field, description):
    kind = ListBooksRequest if query.startswith("sold") else Book
    assert refusal(query, kind=kind) == (field, description)


def test_a_name_that_looks_like_no_name_is_not_sent_back():
    field, description = refusal("%3Cscript%3E=1")
    assert "script" not in field + description
    field, _ = refusal("x" * 65 + "=1")
    assert "xx" not in field


def test_a_parameter_nests_up_to_the_limit_and_no_deeper():
    deepest = "sequel." * (MAX_PATH_DEPTH - 1)
    assert read(f"{deepest}title=x").ByteSize() > 0
    field, _ = refusal(f"{deepest}sequel.title.x=x")
    assert field.startswith("sequel.")


def test_unknown_parameters_are_passed_over_where_that_is_wanted():
    assert read("titel=x&title=y&sequel.zzz=1", ignore_unknown=True) == Book(title="y")
    assert refusal("pages=x&titel=x", ignore_unknown=True)[0] == "pages"


def test_the_field_that_the_body_holds_is_no_parameter():
    assert refusal("sequel.title=x", body="sequel")[0] == "sequel"


def test_system_parameters_are_no_fields_unless_the_request_has_them():
    tags = message("TagBooksRequest")
    assert read("alt=sse&key=k&title=x") == Book(title="x")
    assert system_parameters(parse("alt=sse&key=k"), Book.DESCRIPTOR) == {"alt": "sse", "key": "k"}
    assert read("key=k", kind=tags).key == "k"
    assert system_parameters(parse("alt=sse&key=k"), tags.DESCRIPTOR) == {"alt": "sse"}


@pytest.mark.parametrize("query", ["title=%zz", "ti%ztle=a", "title=%ff"])
def test_a_broken_escape_is_refused(query):
    with pytest.raises(TollwayError) as refused:
        parse(query)
    assert refused.value.reason == Reason.REASON_REQUEST_MALFORMED
