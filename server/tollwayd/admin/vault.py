"""The port to the keyring, as those see it who write secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tollwayd.core.ports import Keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollway.config.v1.records_pb2 import SealedSecret, SecretDigest

__all__ = ["SecretForm", "Vault"]


class Vault(Keys, Protocol):
    """The whole keyring: it seals and hashes too. `security.keyring.Keyring` is one."""

    def seal(self, plaintext: str, context: Sequence[str]) -> SealedSecret:
        """The secret such that only `unseal` with the very same context opens it."""
        ...

    def digest(self, secret: str) -> SecretDigest:
        """The secret's keyed hash, to be stored in its place."""
        ...

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, the same in every replica."""
        ...


class SecretForm(Protocol):
    """How the secrets of API keys look. The module `security.api_keys` is one."""

    def new_secret(self) -> str:
        """A new random secret."""
        ...

    def prefix_of(self, secret: str) -> str:
        """The characters of its start that may be shown."""
        ...

    def last_four(self, secret: str) -> str:
        """The characters of its end that may be shown."""
        ...
