"""The keyring: master keys, and all that is done under them. A rotation puts a new key in front of the old ones."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import secrets
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tollway.config.v1.records_pb2 import SealedSecret, SecretDigest
from tollwayd.security.secret_file import read_or_create

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

__all__ = ["Keyring", "UnsealError"]

MAX_KEYS = 16
"""Every unknown credential costs a hash under each key; a rotation needs two."""

KEY_BYTES = 32
"""Of a master key and of what is derived from it: AES-256 and HMAC-SHA-256 both take 256 bits."""

NONCE_BYTES = 12
"""The size for which GCM needs no further hashing (NIST SP 800-38D, 8.2); random ones are safe for 2^32 sealings."""

_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class UnsealError(ValueError):
    """A sealed secret cannot be opened: its key is not in the keyring, or it was sealed for another context.

    The text names neither the secret nor a key.
    """


class _MasterKey:
    """A master key, as the keys derived from it: one purpose never sees another's key."""

    __slots__ = ("_master", "_prefix", "_unkeyed", "cipher", "id")

    def __init__(self, key_id: str, master: bytes) -> None:
        self.id: Final = key_id
        self._master = master
        self.cipher: Final = AESGCM(self.derive("sealing"))
        self._prefix = key_id.encode() + b":"
        self._unkeyed = hmac.new(self.derive("hashing"), digestmod="sha256")

    def derive(self, purpose: str) -> bytes:
        info = b"tollway/" + purpose.encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._master)

    def hash(self, secret: bytes) -> bytes:
        # A copy of the keyed state spares keying it again: 0.9 µs in place of the 1.5 of hmac.digest.
        state = self._unkeyed.copy()
        state.update(secret)
        return state.digest()

    def lookup_key(self, secret: bytes) -> bytes:
        return self._prefix + self.hash(secret)


class Keyring:
    """Master keys of 32 bytes by id. The first seals and hashes; the others still open and recognise what they did."""

    __slots__ = ("_keys", "_primary")

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """ValueError for no key, too many, an id or a key of the wrong form; it never holds key material."""
        if not 1 <= len(keys) <= MAX_KEYS:
            raise ValueError(f"a keyring has 1 to {MAX_KEYS} keys, not {len(keys)}")
        for number, (key_id, master) in enumerate(keys.items(), 1):
            _check(number, key_id, master)
        self._keys = {key_id: _MasterKey(key_id, master) for key_id, master in keys.items()}
        self._primary = next(iter(self._keys.values()))

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """A keyring from `id:BASE64KEY,id2:BASE64KEY2`, the primary key first. ValueError without key material."""
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(text.split(","), 1):
            key_id, colon, encoded = entry.strip().partition(":")
            if not colon:
                raise ValueError(f"master key {number} is not of the form id:BASE64KEY")
            if key_id in keys:
                raise ValueError(f"master key {number} has the id of an earlier one")
            keys[key_id] = _decode(number, encoded)
        return cls(keys)

    @classmethod
    def load_or_create(cls, path: Path) -> Keyring:
        """The keyring in a file of mode 0600, made with one random key where there is none. Processes that start
        together agree on one. SecretFileError where others may read the file, ValueError where it cannot be read."""
        text, _ = read_or_create(path, _new_entry)
        return cls.parse(text)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"

    @property
    def key_ids(self) -> Collection[str]:
        """The ids of the keys that it holds."""
        return self._keys.keys()

    def seal(self, plaintext: str, context: Sequence[str]) -> SealedSecret:
        """The secret under AES-256-GCM and the primary key, bound to `context`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        ciphertext = self._primary.cipher.encrypt(nonce, plaintext.encode(), _associated_data(context))
        return SealedSecret(key_id=self._primary.id, nonce=nonce, ciphertext=ciphertext)

    def unseal(self, sealed: SealedSecret, context: Sequence[str]) -> str:
        """The secret that was sealed for the very same `context`. UnsealError."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise UnsealError("the keyring does not hold the key that sealed this secret")
        if len(sealed.nonce) != NONCE_BYTES:
            raise UnsealError("the sealed secret is damaged")
        try:
            return key.cipher.decrypt(sealed.nonce, sealed.ciphertext, _associated_data(context)).decode()
        except InvalidTag:
            raise UnsealError("the sealed secret is damaged, or belongs to another place or key") from None

    def digest(self, secret: str) -> SecretDigest:
        """The secret's HMAC-SHA-256 under the primary key."""
        return SecretDigest(key_id=self._primary.id, digest=self._primary.hash(_encode(secret)))

    def digests(self, secret: str) -> tuple[bytes, ...]:
        """The lookup keys under which this secret may be stored, one for each key of the ring, the primary's first."""
        encoded = _encode(secret)
        return tuple([key.lookup_key(encoded) for key in self._keys.values()])

    def lookup_key(self, digest: SecretDigest) -> bytes:
        """What an index of stored digests is keyed by, for `digests` to find."""
        return digest.key_id.encode() + b":" + digest.digest

    def derive(self, purpose: str) -> bytes:
        """32 bytes of key for one purpose, under the primary key."""
        return self._primary.derive(f"purpose/{purpose}")


def _check(number: int, key_id: str, master: bytes) -> None:
    if not _KEY_ID.fullmatch(key_id):
        raise ValueError(f"the id of master key {number} is not 1 to 32 letters, digits, '-' or '_'")
    if len(master) != KEY_BYTES:
        raise ValueError(f"master key {number} is {len(master)} bytes long, not {KEY_BYTES}")


def _decode(number: int, encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"master key {number} is not base64 (RFC 4648, section 4)") from None


def _new_entry() -> str:
    # A random id keeps two installations' secrets apart: a foreign one is an unknown key, not a damaged secret.
    return f"{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def _associated_data(context: Sequence[str]) -> bytes:
    # JSON quotes every part, so two contexts are the same bytes only where they are the same list.
    return json.dumps(list(context), separators=(",", ":")).encode()


def _encode(secret: str) -> bytes:
    # Doors decode header bytes with surrogate escapes; a credential of such bytes is unknown, not a defect of ours.
    return secret.encode("utf-8", "surrogatepass")
