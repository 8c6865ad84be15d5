"""Page tokens are good for the listing they were given out for, and for nothing else."""

from __future__ import annotations

import base64

import pytest

from tollwayd.admin.resources.page_token import MAX_LENGTH, PageTokens
from tollwayd.core.errors import Reason, TollwayError

AFTER = "tenants/acme/models/gpt"
LISTING = ("models", "tenants/acme", "public_name:gpt")


@pytest.fixture
def tokens() -> PageTokens:
    return PageTokens(b"k" * 32)


def refused(tokens: PageTokens, token: str, listing=LISTING) -> None:
    with pytest.raises(TollwayError) as caught:
        tokens.read(token, listing)
    assert caught.value.reason == Reason.REASON_PAGE_TOKEN_INVALID
    assert caught.value.__cause__ is None


def test_a_token_tells_where_to_go_on_to_every_replica(tokens):
    assert PageTokens(b"k" * 32).read(tokens.issue(AFTER, LISTING), LISTING) == AFTER


@pytest.mark.parametrize(
    "other",
    [
        ("providers", "tenants/acme", "public_name:gpt"),
        ("models", "tenants/other", "public_name:gpt"),
        ("models", "tenants/acme", "public_name:claude"),
        ("models", "tenants/acme", ""),
        ("models", "tenants/acmepublic_name:gpt", ""),
        ("modelstenants/acme", "public_name:gpt"),
    ],
)
def test_a_token_of_another_listing_is_refused(tokens, other):
    refused(tokens, tokens.issue(AFTER, LISTING), other)


def test_a_changed_token_is_refused_wherever_it_was_changed(tokens):
    intact = base64.urlsafe_b64decode(tokens.issue(AFTER, LISTING) + "=")
    for position in range(len(intact)):
        changed = intact[:position] + bytes([intact[position] ^ 1]) + intact[position + 1 :]
        refused(tokens, base64.urlsafe_b64encode(changed).decode().rstrip("="))


@pytest.mark.parametrize("nonsense", ["x", "é", "AAAA", "=", "\0", "a" * MAX_LENGTH, "a" * (MAX_LENGTH + 1), AFTER])
def test_nonsense_is_refused(tokens, nonsense):
    refused(tokens, nonsense)


def test_a_token_under_another_key_is_refused(tokens):
    refused(tokens, PageTokens(b"l" * 32).issue(AFTER, LISTING))


def test_the_longest_name_makes_a_token_that_the_proto_takes(tokens):
    longest = f"tenants/{'t' * 63}/providers/{'p' * 63}"

    assert len(tokens.issue(longest, LISTING)) <= MAX_LENGTH


def test_a_token_goes_into_a_query_as_it_is(tokens):
    token = tokens.issue(AFTER, LISTING)

    assert all(character.isalnum() or character in "-_" for character in token)


def test_the_key_shows_nowhere(tokens):
    assert "kkkk" not in repr(tokens)
