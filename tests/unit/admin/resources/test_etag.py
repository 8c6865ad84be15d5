"""Entity tags are versions in quotes."""

from __future__ import annotations

import pytest

from tollwayd.admin.resources.etag import format_etag, parse_etag
from tollwayd.core.errors import Reason, TollwayError


@pytest.mark.parametrize("version", [0, 1, 42, 2**63 - 1])
def test_an_etag_is_read_as_it_was_written(version):
    assert parse_etag(format_etag(version), "etag") == version


def test_an_etag_is_quoted_as_rfc_9110_has_it():
    assert format_etag(42) == '"42"'


def test_no_etag_is_no_condition():
    assert parse_etag("", "etag") is None


@pytest.mark.parametrize(
    "wrong", ["42", '"42', 'W/"42"', '""', '"042"', '"-1"', '"\uff14\uff12"', '"42"\n', "*", '"' + "9" * 20 + '"']
)
def test_an_etag_of_another_form_is_refused_with_the_right_one(wrong):
    with pytest.raises(TollwayError, match=r'such as "42"') as caught:
        parse_etag(wrong, "model.etag")

    assert caught.value.reason == Reason.REASON_FIELD_INVALID
    assert caught.value.violations[0].field == "model.etag"
