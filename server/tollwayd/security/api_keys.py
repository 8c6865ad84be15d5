"""The form of the gateway's own API keys: `tw_` and 43 letters and digits, so that a double click selects one whole."""

from __future__ import annotations

import secrets
import string

__all__ = ["last_four", "new_secret", "prefix_of", "well_formed"]

PREFIX = "tw_"
"""Lets people and secret scanners tell whose key they have found."""

MAX_LENGTH = 256
"""Longer credentials are refused unhashed; the keys made here have 46 characters."""

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_BITS = 256
_LENGTH = 43  # 62^43 is the first power above 2^256.
_SHOWN_PREFIX = 7


def new_secret() -> str:
    """A new secret of 256 random bits."""
    number = secrets.randbits(_RANDOM_BITS)
    characters = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[digit])
    return PREFIX + "".join(characters)


def prefix_of(secret: str) -> str:
    """The first characters of a secret, to show and to recognise it by: `tw_` and four more, 24 of its 256 bits."""
    return secret[:_SHOWN_PREFIX]


def last_four(secret: str) -> str:
    """The last four characters of a secret, to show and to recognise it by."""
    return secret[-4:]


def well_formed(secret: str) -> bool:
    """Whether this could be one of our secrets at all. Nonsense is refused before it costs a hash."""
    random_part = secret[len(PREFIX) : MAX_LENGTH + 1]
    return len(secret) <= MAX_LENGTH and secret.startswith(PREFIX) and random_part.isascii() and random_part.isalnum()
