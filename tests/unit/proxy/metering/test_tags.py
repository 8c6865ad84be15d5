"""Users and tags as callers name them."""

from __future__ import annotations

import pytest

from tollwayd.proxy.metering.tags import MAX_TAGS, MAX_USER, fit, tags_of


@pytest.mark.parametrize(
    ("named", "tags"),
    [
        ("", ("team=search",)),
        ("env=prod, team=other", ("env=prod", "team=search")),
        ("env=", ("team=search",)),
        ("=x,env,en v=1,env=a b,Env=1,\u00e9=1,env=\u00e9", ("team=search",)),
        ("env=a\x1fb", ("team=search",)),
        ("cost-center=4711/eu:1", ("cost-center=4711/eu:1", "team=search")),
    ],
)
def test_tags_of_a_call_are_its_keys_and_those_that_it_names(named, tags):
    assert tags_of(("team=search",), named) == tags


def test_a_call_has_so_many_tags_at_most():
    assert len(tags_of((), ",".join(f"t{number}=1" for number in range(100)))) == MAX_TAGS


def test_a_header_that_is_too_long_is_read_as_far_as_its_last_whole_tag():
    longest = ",".join(f"{'n' * 61}{number:02}={'v' * 63}" for number in range(MAX_TAGS))
    assert len(tags_of((), longest)) == MAX_TAGS
    assert tags_of((), "," * 2000 + "a=1,b=" + "2" * 100) == ("a=1",)


@pytest.mark.parametrize(("user", "booked"), [("bob", "bob"), ("a\tb\x1fc", "abc"), ("x" * 500, "x" * MAX_USER)])
def test_a_users_name_is_fit_to_be_booked(user, booked):
    assert fit(user) == booked
