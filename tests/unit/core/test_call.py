"""What a call shows of itself."""

from __future__ import annotations

import pytest

from tollwayd.core.call import Call, Metadata

CHANGES = {
    "set": lambda metadata: metadata.__setitem__("x-new", "1"),
    "set one that is missing": lambda metadata: metadata.setdefault("x-new", "1"),
    "add": lambda metadata: metadata.update({"x-new": "1"}),
    "add in place": lambda metadata: metadata.__ior__({"x-new": "1"}),
    "delete": lambda metadata: metadata.__delitem__("authorization"),
    "take": lambda metadata: metadata.pop("authorization"),
    "take the last": lambda metadata: metadata.popitem(),
    "clear": lambda metadata: metadata.clear(),
}


def test_a_call_shows_nothing_of_its_metadata_which_hold_a_credential() -> None:
    call = Call("/shop.Shop/Buy", {"authorization": "Bearer tw_secret"}, peer="192.0.2.1")
    assert repr(call) == f"Call('{call.id}', '/shop.Shop/Buy')"


def test_calls_are_told_apart_whatever_they_hold() -> None:
    one, other = Call("/shop.Shop/Buy", {}), Call("/shop.Shop/Buy", {})
    assert one != other
    assert one.id != other.id
    assert one.closers is not other.closers


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_calls_share_no_link_can_change(change) -> None:
    given = {"authorization": "Bearer tw_secret"}
    metadata = Metadata(given)
    with pytest.raises(TypeError):
        change(metadata)
    assert metadata == given
