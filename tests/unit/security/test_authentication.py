"""API keys: found in the present Snapshot and in no other, however often they were found before."""

from __future__ import annotations

import gc
import time
import weakref
from functools import lru_cache

import pytest

from tollwayd.core.call import Call, Metadata, Principal
from tollwayd.core.current import Current
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.snapshot import ApiKey, Secret, Snapshot, Tenant
from tollwayd.security import authentication
from tollwayd.security.api_keys import new_secret
from tollwayd.security.authentication import ApiKeyAuthentication
from tollwayd.security.keyring import KEY_BYTES, Keyring

KEYRING = Keyring({"k1": bytes(KEY_BYTES)})
APP = Principal("app", "tenants/a", "tenants/a/apiKeys/app")


class Tenants(dict):
    """A dict that there can be weak references to."""


def snapshot(*secrets: str, version: int = 1, expire_time: float | None = None, disabled: bool = False) -> Snapshot:
    key = ApiKey(APP, disabled, None)
    found = {KEYRING.lookup_key(KEYRING.digest(secret)): Secret(key, expire_time) for secret in secrets}
    return Snapshot(version, Tenants({"tenants/a": Tenant("tenants/a", False, {}, ())}), found)


class Gate:
    """The calls of a secret have each its own metadata, or all the same."""

    def __init__(self, present: Snapshot, *, shares: bool = False) -> None:
        self.current = Current()
        self.current.swap(present)
        self.link = ApiKeyAuthentication(self.current, KEYRING)
        self.metadata = lru_cache(self._metadata) if shares else self._metadata

    def _metadata(self, secret: str) -> Metadata:
        return Metadata({"authorization": f"Bearer {secret}"})

    def says(self, secret: str) -> str:
        """The principal's key, or the reason of the refusal."""
        call = Call("/m", self.metadata(secret))
        try:
            self.link.on_call(call)
        except TollwayError as error:
            return error.rule.name
        assert call.snapshot is self.current.snapshot
        return call.principal.key


@pytest.fixture
def secret():
    return new_secret()


heads = pytest.mark.parametrize("shares", [False, True], ids=["each-its-own-head", "the-same-head"])


@heads
def test_a_secret_that_was_found_is_gone_with_its_snapshot(secret, shares):
    gate = Gate(snapshot(secret), shares=shares)
    assert [gate.says(secret) for _ in range(2)] == [APP.key] * 2
    gate.current.swap(snapshot(secret, version=2, disabled=True))
    assert gate.says(secret) == "CREDENTIAL_DISABLED"
    gate.current.swap(snapshot(version=3))
    assert gate.says(secret) == "CREDENTIAL_INVALID"
    gate.current.swap(snapshot(secret, version=4))
    assert gate.says(secret) == APP.key


@heads
def test_a_secret_that_was_found_still_expires(secret, monkeypatch, shares):
    now = time.time()
    gate = Gate(snapshot(secret, expire_time=now + 60), shares=shares)
    assert gate.says(secret) == APP.key
    monkeypatch.setattr(authentication.time, "time", lambda: now + 60)
    assert gate.says(secret) == "CREDENTIAL_EXPIRED"


def test_what_one_port_has_found_is_no_proof_at_another(secret):
    metadata = Metadata({"authorization": f"Bearer {secret}"})
    for gate, says in ((Gate(snapshot(secret)), APP.key), (Gate(snapshot()), "CREDENTIAL_INVALID")):
        gate.metadata = lambda _: metadata
        assert gate.says(secret) == says


def test_what_is_proven_is_so_for_every_request_with_that_head(secret):
    """Whose metadata differ in what says which request it is."""
    first = Metadata({"authorization": f"Bearer {secret}", "traceparent": "1"})
    second = first.beside({"traceparent": "2"})
    assert second == {"authorization": f"Bearer {secret}", "traceparent": "2"}
    gate = Gate(snapshot(secret))
    for metadata in (first, second):
        gate.metadata = lambda _, known=metadata: known
        assert gate.says(secret) == APP.key
    assert first.proof is second.proof
    gate.current.swap(snapshot(version=2))
    assert gate.says(secret) == "CREDENTIAL_INVALID"


def test_what_is_proven_keeps_no_snapshot(secret):
    gate = Gate(snapshot(secret), shares=True)
    assert gate.says(secret) == APP.key
    old = weakref.ref(gate.current.snapshot.tenants)
    gate.current.swap(snapshot(secret, version=2))
    assert gate.says(new_secret()) == "CREDENTIAL_INVALID"
    gc.collect()
    assert old() is None


def test_unknown_secrets_are_not_remembered_and_known_ones_within_bounds(monkeypatch):
    monkeypatch.setattr(authentication, "KNOWN_SECRETS", 3)
    secrets = [new_secret() for _ in range(5)]
    gate = Gate(snapshot(*secrets))
    for known in (*secrets, *secrets):
        assert gate.says(known) == APP.key
        assert gate.says(new_secret()) == Reason.Name(Reason.REASON_CREDENTIAL_INVALID).removeprefix("REASON_")
        assert len(gate.link._known) <= 3
