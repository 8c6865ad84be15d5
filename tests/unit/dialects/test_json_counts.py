from __future__ import annotations

import pytest

from tollwayd.dialects.json_counts import MAX_TOKENS, count, object_or_empty


@pytest.mark.parametrize("value", [0, 1, MAX_TOKENS])
def test_a_count_is_one(value):
    assert count(value) == value


@pytest.mark.parametrize("value", [-1, MAX_TOKENS + 1, True, 1.0, "1", None, [], {}])
def test_anything_else_is_no_count(value):
    assert count(value) is None


@pytest.mark.parametrize("value", [None, [], "text", 1, {}])
def test_what_is_no_object_is_an_empty_one(value):
    assert object_or_empty(value) == {}
    assert object_or_empty({"a": 1}) == {"a": 1}
