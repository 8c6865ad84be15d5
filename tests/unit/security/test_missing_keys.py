"""What is stored under master keys that the keyring does not hold."""

from __future__ import annotations

from tests.stepped import whole
from tollway.config.v1.records_pb2 import ApiKeyRecord, ProviderRecord, SealedSecret, SecretDigest
from tollwayd.core.ports import Resource
from tollwayd.security.missing_keys import missing_keys


def api_key(*key_ids: str) -> Resource:
    record = ApiKeyRecord(digests=[SecretDigest(key_id=key_id) for key_id in key_ids])
    return Resource("tenants/a/apiKeys/k", 1, record.SerializeToString())


def provider(*key_ids: str) -> Resource:
    record = ProviderRecord()
    for key_id in key_ids:
        record.api_key.CopyFrom(SealedSecret(key_id=key_id))
    return Resource("tenants/a/providers/p", 1, record.SerializeToString())


def test_what_is_under_a_key_of_the_ring_is_not_counted():
    stored = [Resource("tenants/a", 1, b""), api_key("one"), provider("two"), Resource("tenants/a/models/m", 1, b"")]
    assert whole(missing_keys(stored, {"one", "two"})) == (0, 0, [])


def test_what_is_under_others_is_counted_with_their_ids():
    assert whole(missing_keys([api_key("old"), api_key("older"), provider("old")], {"one"})) == (2, 1, ["old", "older"])


def test_an_api_key_with_one_secret_that_is_known_can_be_used():
    assert whole(missing_keys([api_key("one", "old")], {"one"})) == (0, 0, [])


def test_a_provider_without_a_credential_needs_no_key():
    assert whole(missing_keys([provider()], {"one"})) == (0, 0, [])
