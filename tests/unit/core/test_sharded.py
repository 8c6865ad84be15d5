"""A Sharded is a mapping that stays as it was made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwayd.core.sharded import Draft

CHANGES = st.lists(st.tuples(st.integers(0, 1000), st.none() | st.integers()))


def changed(draft: Draft[int, int], like: dict[int, int], changes: list[tuple[int, int | None]]) -> None:
    for key, value in changes:
        if value is None:
            draft.drop(key)
            like.pop(key, None)
        else:
            draft.put(key, value)
            like[key] = value


@given(CHANGES, CHANGES)
def test_it_is_the_dictionary_that_it_was_made_as(first, second):
    draft, like = Draft(), {}
    changed(draft, like, first)
    before, was = draft.made(), dict(like)
    changed(draft, like, second)
    after = draft.made()
    assert (dict(before), len(before)) == (was, len(was))
    assert (dict(after), len(after)) == (like, len(like))
    assert all((after.get(key), key in after) == (like.get(key), key in like) for key in range(1000))


def test_what_is_not_there_is_missed_as_in_a_dictionary():
    empty = Draft[str, int]().made()
    with pytest.raises(KeyError):
        empty["a"]
    assert (empty.get("a"), empty.get("a", 7), "a" in empty) == (None, 7, False)
