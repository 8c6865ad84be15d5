"""The root credential: it proves the operator, and opens the Admin API before any other credential exists."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from tollwayd.security.api_keys import new_secret
from tollwayd.security.secret_file import SecretFileError, read_or_create

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LoadedRoot", "RootCredential", "load_or_create"]


class RootCredential:
    """Recognises the root credential without holding it."""

    __slots__ = ("_hash",)

    def __init__(self, secret: str) -> None:
        """ValueError for an empty secret."""
        self.become(secret)

    def become(self, secret: str) -> None:
        """Recognises this secret from now on, and no other. ValueError for an empty one."""
        if not secret:
            raise ValueError("the root credential is empty")
        self._hash = _hash(secret)

    def matches(self, presented: str) -> bool:
        """Whether this is the root credential. Hashes of one length are compared in constant time, so that the time
        taken tells neither a prefix nor the length."""
        return hmac.compare_digest(_hash(presented), self._hash)


class LoadedRoot(NamedTuple):
    """The root credential, whether it was made just now, and its secret, to be printed once where it was."""

    credential: RootCredential
    created: bool
    secret: str

    def __repr__(self) -> str:
        return f"LoadedRoot(created={self.created})"


def load_or_create(path: Path) -> LoadedRoot:
    """The root credential in a file of mode 0600, made where there is none. SecretFileError where it cannot be
    trusted."""
    secret, created = read_or_create(path, new_secret)
    if not secret:
        raise SecretFileError(f"{path} is empty: delete it, and a new root credential is made at the next start")
    return LoadedRoot(RootCredential(secret), created, secret)


def _hash(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
