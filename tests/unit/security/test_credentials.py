"""Where a credential may stand."""

from __future__ import annotations

import pytest

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.security.credentials import QUERY_KEY, find_credential


@pytest.mark.parametrize(
    "metadata",
    [
        {"authorization": "Bearer tw_abc"},
        {"authorization": "bearer tw_abc"},
        {"authorization": "BEARER   tw_abc "},
        {"x-api-key": "tw_abc"},
        {"x-goog-api-key": " tw_abc "},
        {QUERY_KEY: "tw_abc"},
        {"authorization": "Bearer tw_abc", "x-api-key": "tw_abc", "x-goog-api-key": "tw_abc", QUERY_KEY: "tw_abc"},
        {"authorization": "Basic dXNlcjpwYXNz", "x-api-key": "tw_abc"},
    ],
)
def test_each_sdk_finds_its_own_place_taken(metadata):
    assert find_credential(metadata) == "tw_abc"


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "tw_abc"},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {"x-api-key": "  "},
        {"key": "tw_abc"},
    ],
)
def test_no_credential_is_not_an_error_here(metadata):
    assert find_credential(metadata) == ""


@pytest.mark.parametrize(
    "metadata",
    [
        {"authorization": "Bearer tw_abc", "x-api-key": "tw_other"},
        {"x-api-key": "tw_abc", "x-goog-api-key": "tw_other"},
        {"x-goog-api-key": "tw_abc", QUERY_KEY: "tw_other"},
        {"authorization": "Bearer tw_abc", "x-api-key": "tw_abc", QUERY_KEY: "tw_abC"},
    ],
)
def test_two_different_credentials_are_refused_and_not_echoed(metadata):
    with pytest.raises(TollwayError) as caught:
        find_credential(metadata)

    assert caught.value.reason == Reason.REASON_CREDENTIAL_INVALID
    assert "tw_" not in str(caught.value)
