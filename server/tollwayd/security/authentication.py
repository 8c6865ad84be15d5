"""Authentication: the chain links that turn a credential into a Principal, one for each kind of port."""

from __future__ import annotations

import time
from hashlib import blake2s
from typing import TYPE_CHECKING, Final

from tollwayd.core.call import Metadata, Principal
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.plugin import Stage
from tollwayd.security.api_keys import well_formed
from tollwayd.security.credentials import find_credential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollwayd.core.call import Call
    from tollwayd.core.current import Current
    from tollwayd.core.ports import Keys
    from tollwayd.core.snapshot import Secret, Snapshot
    from tollwayd.security.root import RootCredential

KNOWN_SECRETS = 4096
"""How many secrets are known without hashing them again: the callers of a busy minute, half a megabyte."""

_ROOT = Principal("root", roles=frozenset({"admin"}))


class ApiKeyAuthentication:
    """For the proxy ports: pins the present Snapshot on the call and finds the API key that the credential proves."""

    name: Final = "api-key-authentication"
    stage: Final = Stage.AUTHENTICATE

    def __init__(self, current: Current, keys: Keys) -> None:
        self._current = current
        self._keys = keys
        self._known: dict[bytes, Secret] = {}
        self._known_in = current.snapshot
        # What a proof is of: were it the Snapshot, an idle connection would keep an old one.
        self._era = object()

    def on_call(self, call: Call) -> None:
        """Sets snapshot, API key and principal; one of the REASON_CREDENTIAL_ reasons where there is none."""
        metadata, snapshot = call.metadata, self._current.snapshot
        if snapshot is not self._known_in:
            self._known, self._known_in, self._era = {}, snapshot, object()
        proof = metadata.proof.found if isinstance(metadata, Metadata) else None
        secret = proof[1] if proof is not None and proof[0] is self._era else self._prove(metadata)
        if secret.expire_time is not None and secret.expire_time <= time.time():
            raise TollwayError(Reason.REASON_CREDENTIAL_EXPIRED)
        api_key = secret.api_key
        tenant = snapshot.tenants.get(api_key.principal.tenant)
        if tenant is None or tenant.disabled or api_key.disabled:
            raise TollwayError(Reason.REASON_CREDENTIAL_DISABLED)
        call.snapshot = snapshot
        call.api_key = api_key
        call.principal = api_key.principal

    def _prove(self, metadata: Mapping[str, str]) -> Secret:
        if not (presented := find_credential(metadata)):
            raise TollwayError(Reason.REASON_CREDENTIAL_MISSING)
        # A secret is not kept for longer than its connection; this hash of one is had in a third of the keyring's time.
        digest = blake2s(presented.encode("utf-8", "surrogatepass")).digest()
        secret = self._known.get(digest) or self._look_up(presented, digest)
        if isinstance(metadata, Metadata):
            metadata.proof.found = self._era, secret
        return secret

    def _look_up(self, presented: str, digest: bytes) -> Secret:
        """Only secrets that were found are kept: invalid ones, of which anybody can make many, are hashed each time."""
        secret = _find(self._known_in, self._keys, presented)
        if secret is None:
            raise TollwayError(Reason.REASON_CREDENTIAL_INVALID)
        if len(self._known) >= KNOWN_SECRETS:
            self._known.clear()
        self._known[digest] = secret
        return secret


class RootAuthentication:
    """For the admin ports: the root credential alone. A program's API key is known here, and not enough."""

    name: Final = "root-authentication"
    stage: Final = Stage.AUTHENTICATE

    def __init__(self, root: RootCredential, current: Current, keys: Keys) -> None:
        self._root = root
        self._current = current
        self._keys = keys

    def on_call(self, call: Call) -> None:
        """Sets the principal; REASON_PERMISSION_DENIED for a valid API key."""
        if not (presented := find_credential(call.metadata)):
            raise TollwayError(Reason.REASON_CREDENTIAL_MISSING)
        if self._root.matches(presented):
            call.principal = _ROOT
            return
        if _find(self._current.snapshot, self._keys, presented) is not None:
            raise TollwayError(Reason.REASON_PERMISSION_DENIED)
        raise TollwayError(Reason.REASON_CREDENTIAL_INVALID)


def _find(snapshot: Snapshot, keys: Keys, presented: str) -> Secret | None:
    if not well_formed(presented):
        return None
    for lookup_key in keys.digests(presented):
        if (secret := snapshot.secrets.get(lookup_key)) is not None:
            return secret
    return None
