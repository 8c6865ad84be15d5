"""What a call shows of itself."""

from __future__ import annotations

from tollwayd.core.call import Call


def test_a_call_shows_nothing_of_its_metadata_which_hold_a_credential() -> None:
    call = Call("/shop.Shop/Buy", {"authorization": "Bearer tw_secret"}, peer="192.0.2.1")
    assert repr(call) == f"Call('{call.id}', '/shop.Shop/Buy')"


def test_calls_are_told_apart_whatever_they_hold() -> None:
    one, other = Call("/shop.Shop/Buy", {}), Call("/shop.Shop/Buy", {})
    assert one != other
    assert one.id != other.id
    assert one.closers is not other.closers
