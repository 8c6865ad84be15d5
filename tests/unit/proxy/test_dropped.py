from __future__ import annotations

import pytest

from tollwayd.proxy.canonical import MAX_NAMES, showable

MANY = tuple(f"field_{number}" for number in range(5000))


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ((), ()),
        (("seed", "tools[0].defer_loading", "top-k"), ("seed", "tools[0].defer_loading", "top-k")),
        (("a\r\nx-evil: 1", "é", "", "a,b", "seed\n", "x" * 65), ("...",)),
        (("é", "seed"), ("seed", "...")),
        (MANY[:MAX_NAMES], MANY[:MAX_NAMES]),
        (MANY, (*MANY[:MAX_NAMES], "...")),
    ],
)
def test_names_that_a_caller_invents_are_shown_within_bounds(names, shown):
    assert showable(names) == shown
