"""The route table, with every example in the comments of google/api/http.proto."""

from __future__ import annotations

import random

import pytest

from tollwayd.translator.fields.percent import decode
from tollwayd.translator.rules.routes import Match, RouteTable, WrongMethod
from tollwayd.translator.rules.template import parse


def table(*routes: str) -> RouteTable[str]:
    """A table of "GET /template" lines; each line is its own target and owner."""
    made: RouteTable[str] = RouteTable()
    for route in routes:
        http_method, _, template = route.partition(" ")
        made.add(http_method, parse(template), route, f"owner of {route}")
    return made


def variables(template: str, path: str) -> dict[str, str] | None:
    """The decoded variables of a path, None where the template does not match it."""
    parsed = parse(template)
    found = table(f"GET {template}").find("GET", path)
    if not isinstance(found, Match):
        return None
    return {
        variable.field: decode(text, keep_slashes=not variable.single)
        for variable, text in zip(parsed.variables, found.variables, strict=True)
    }


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        # The examples of google/api/http.proto.
        ("/v1/{name=messages/*}", "/v1/messages/123456", {"name": "messages/123456"}),
        ("/v1/messages/{message_id}", "/v1/messages/123456", {"message_id": "123456"}),
        ("/v1/users/{user_id}/messages/{message_id}", "/v1/users/me/messages/1", {"user_id": "me", "message_id": "1"}),
        ("/v1/messages/{message_id}/{sub.subfield}", "/v1/messages/1/foo", {"message_id": "1", "sub.subfield": "foo"}),
        ("/v1/{var=*}", "/v1/a", {"var": "a"}),
        ("/v1/{var=foo/*}", "/v1/foo/a", {"var": "foo/a"}),
        ("/v1/{var=**}", "/v1/a/b/c", {"var": "a/b/c"}),
        # One segment is decoded whole.
        ("/v1/{var}", "/v1/-_.~%20%21%2F%3f%C3%A9", {"var": "-_.~ !/?é"}),
        # Several segments keep their escaped slashes.
        ("/v1/{var=foo/*}", "/v1/foo/a%2Fb%2fc%20d", {"var": "foo/a%2Fb%2fc d"}),
        ("/v1/{var=**}", "/v1/a%2Fb/c%3Ad", {"var": "a%2Fb/c:d"}),
        ("/v1/{var=**}", "/v1/100%25%2F", {"var": "100%%2F"}),
        # "The syntax `*` matches a single URL path segment."
        ("/v1/{var}", "/v1/a/b", None),
        ("/v1/{var}", "/v1/", None),
        ("/v1/{var}", "/v1", None),
        # "The syntax `**` matches zero or more URL path segments".
        ("/v1/tree/{var=**}", "/v1/tree", {"var": ""}),
        ("/v1/tree/{var=**}", "/v1/tree/", {"var": ""}),
        ("/v1/tree/{var=**}", "/v1/trees", None),
        # Verbs.
        ("/v1/{name=items/*}:echo", "/v1/items/a:echo", {"name": "items/a"}),
        ("/v1/{name=items/*}:echo", "/v1/items/a:b:echo", {"name": "items/a:b"}),
        ("/v1/{name=items/*}:echo", "/v1/items/a%2Fb:echo", {"name": "items/a%2Fb"}),
        ("/v1/{name=items/*}:echo", "/v1/items/:echo", None),
        ("/v1/{name=items/*}:echo", "/v1/items/a", None),
        ("/v1/{name=**}:echo", "/v1/a/b:echo", {"name": "a/b"}),
        ("/v1/{name=items/*}", "/v1/items/a:8b", {"name": "items/a:8b"}),
        ("/v1/{name=items/*}", "/v1/items/a:", {"name": "items/a:"}),
        ("/v1/items", "/v1/items:", None),
        # A variable may stand for a literal.
        ("/v1/{name=items}", "/v1/items", {"name": "items"}),
        ("/v1/{name=items/special}:echo", "/v1/items/special:echo", {"name": "items/special"}),
        # Paths are taken as they come.
        ("/v1/items", "/v1/items/", None),
        ("/v1/items", "/v1//items", None),
        ("/v1/items", "//v1/items", None),
        ("/v1/items", "/V1/items", None),
        ("/v1/items", "/v1/items;a=b", None),
        ("/v1/items", "v1/items", None),
        ("/v1/items", "", None),
        ("/v1/items", "/v1/x/../items", None),
        ("/v1/{var}", "/v1/..", {"var": ".."}),
    ],
)
def test_paths_and_their_variables(template, path, expected):
    assert variables(template, path) == expected


@pytest.mark.parametrize("seed", range(20))
def test_the_most_specific_template_wins_in_any_order_of_registration(seed):
    routes = [
        "GET /v1/items/special",
        "GET /v1/items/{id}",
        "GET /v1/items/{id}:undo",
        "GET /v1/items/{rest=**}",
        "GET /v1/{any=*}/special",
        "GET /v1/{all=**}",
    ]
    random.Random(seed).shuffle(routes)
    found = table(*routes)
    chosen = {
        "/v1/items/special": "GET /v1/items/special",
        "/v1/items/other": "GET /v1/items/{id}",
        "/v1/items/other:undo": "GET /v1/items/{id}:undo",
        "/v1/items/other:redo": "GET /v1/items/{id}",
        "/v1/items/a/b": "GET /v1/items/{rest=**}",
        "/v1/items": "GET /v1/items/{rest=**}",
        "/v1/shops/special": "GET /v1/{any=*}/special",
        "/v1/shops/other": "GET /v1/{all=**}",
    }
    assert {path: found.find("GET", path).target for path in chosen} == chosen


def test_a_less_specific_template_serves_an_http_method_that_the_more_specific_one_has_not():
    found = table("POST /v1/items/special", "GET /v1/items/{id}")
    assert found.find("GET", "/v1/items/special").target == "GET /v1/items/{id}"
    assert found.find("POST", "/v1/items/special").target == "POST /v1/items/special"


def test_a_wrong_http_method_is_told_from_an_unknown_path():
    found = table("GET /v1/items/{id}", "DELETE /v1/items/{id}", "PUT /v1/{all=**}")
    allow = ("DELETE", "GET", "HEAD", "OPTIONS", "PUT")
    assert found.find("POST", "/v1/items/a") == WrongMethod(allow, "GET /v1/items/{id}")
    assert found.find("POST", "/v1/other") == WrongMethod(("OPTIONS", "PUT"), "PUT /v1/{all=**}")
    assert found.find("POST", "/v2/items/a") is None


def test_head_goes_where_get_goes_unless_it_is_named():
    found = table("GET /v1/items/{id}", "HEAD /v1/{all=**}", "GET /v1/all", "* /v1/all", "HEAD /v1/one", "GET /v1/one")
    assert found.find("HEAD", "/v1/items/a").target == "GET /v1/items/{id}"
    assert found.find("HEAD", "/v1/items").target == "HEAD /v1/{all=**}"
    assert found.find("HEAD", "/v1/all").target == "GET /v1/all"
    assert found.find("HEAD", "/v1/one").target == "HEAD /v1/one"


def test_everything_at_a_path_is_what_its_most_specific_template_serves():
    found = table("GET /v1/items/{id}", "DELETE /v1/items/{id}", "PUT /v1/items/top", "POST /v1/{all=**}:undo")
    assert found.at("/v1/items/a").keys() == {"GET", "DELETE"}
    assert found.at("/v1/items/a")["GET"] == Match("GET /v1/items/{id}", ("a",))
    assert found.at("/v1/items/top").keys() == {"PUT"}
    assert found.at("/v1/items/a:undo")["POST"].variables == ("items/a",)
    assert found.at("/v2/items/a") == {}


def test_the_other_verbs_of_a_path_whose_verb_nothing_serves():
    found = table("GET /v1/items/{id}", "POST /v1/items/{id}:undo", "GET /v1/items/{id}:copy", "POST /v1/items:find")
    assert found.other_verbs("/v1/items/a:redo") == ("copy", "undo")
    assert found.other_verbs("/v1/items/a:b:redo") == ("copy", "undo")
    assert found.other_verbs("/v1/items:redo") == ("find",)
    for path in ("/v1/items/a", "/v1/items/a:", "/v1/items/a:undo", "/v1/shops/a:redo", "/v1/items/a/b:redo", "*", ""):
        assert found.other_verbs(path) == ()


def test_a_rule_for_any_http_method_yields_to_one_that_names_it():
    found = table("* /v1/items/{id}", "GET /v1/items/{id}", "* /v1/all")
    assert found.find("GET", "/v1/items/a").target == "GET /v1/items/{id}"
    assert found.find("BREW", "/v1/items/a").target == "* /v1/items/{id}"
    assert found.find("BREW", "/v1/all").target == "* /v1/all"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GET /v1/items", "GET /v1/items"),
        ("GET /v1/{a}", "GET /v1/{b}"),
        ("GET /v1/{a=items/*}", "GET /v1/items/{b}"),
        ("GET /v1/{a=**}:undo", "GET /v1/**:undo"),
        ("GET /v1/{a=items}", "GET /v1/items"),
    ],
)
def test_templates_that_match_the_same_paths_are_refused_naming_both_owners(one, other):
    with pytest.raises(ValueError, match="ambiguous") as refused:
        table(one, other)
    assert f"owner of {one}" in str(refused.value)
    assert f"owner of {other}" in str(refused.value)


def test_same_paths_under_different_http_methods_or_verbs_are_no_conflict():
    table("GET /v1/{a}", "POST /v1/{b}", "GET /v1/{c}:undo", "* /v1/{d}")
