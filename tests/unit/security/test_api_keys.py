"""The form of API keys."""

from __future__ import annotations

import re

import pytest

from tollwayd.security import api_keys


def test_a_secret_is_one_word_of_256_random_bits():
    secrets = {api_keys.new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert all(re.fullmatch(r"tw_[A-Za-z0-9]{43}", secret) for secret in secrets)
    assert all(map(api_keys.well_formed, secrets))


@pytest.mark.parametrize("bits", [0, 1, 2**256 - 1, 2**256 - 2])
def test_every_number_of_256_bits_has_its_own_secret_of_the_same_length(bits, monkeypatch):
    monkeypatch.setattr(api_keys.secrets, "randbits", lambda _: bits)

    secret = api_keys.new_secret()

    digits = [api_keys._ALPHABET.index(character) for character in secret.removeprefix("tw_")]
    assert len(secret) == 46
    assert sum(digit * 62**place for place, digit in enumerate(digits)) == bits


def test_what_is_shown_of_a_secret_is_its_prefix_and_its_end():
    assert api_keys.prefix_of("tw_ABCDefghijklmnop") == "tw_ABCD"
    assert api_keys.last_four("tw_ABCDefghijklmnop") == "mnop"


@pytest.mark.parametrize(
    "nonsense",
    ["", "tw_", "sk-abc", "TW_abc", "tw_abc def", "tw_abc\n", "tw_äöü", "tw_\udcff", "tw_" + "a" * 254, " tw_abc"],
)
def test_nonsense_is_refused_before_it_is_hashed(nonsense):
    assert not api_keys.well_formed(nonsense)


def test_the_longest_credential_that_is_looked_at():
    assert api_keys.well_formed("tw_" + "a" * 253)
