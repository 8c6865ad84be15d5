"""ApiKeyService."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.protobuf.empty_pb2 import Empty

from tollway.admin.v1.api_keys_pb2 import ApiKey, ListApiKeysResponse
from tollway.config.v1.records_pb2 import ApiKeyRecord
from tollwayd.admin.resources.collection import Collection
from tollwayd.admin.resources.etag import parse_etag
from tollwayd.admin.resources.field_behavior import writable_copy
from tollwayd.admin.resources.kind import Kind
from tollwayd.admin.resources.listing import Listing
from tollwayd.admin.resources.references import require
from tollwayd.admin.rotation import add_secret, drop_expired, is_past
from tollwayd.core.errors import invalid_field
from tollwayd.core.resource_names import child_name, tenant_of

if TYPE_CHECKING:
    from tollway.admin.v1 import api_keys_pb2
    from tollwayd.admin.resources.page_token import PageTokens
    from tollwayd.admin.vault import SecretForm, Vault
    from tollwayd.core.call import Call
    from tollwayd.core.ports import ResourceStore

__all__ = ["ApiKeyServicer"]

DEFAULT_OVERLAP_NS: Final = 24 * 3600 * 10**9
"""As the proto says of `RotateApiKeyRequest.overlap`."""

_KIND = Kind("apiKeys", "apiKey", ApiKeyRecord, ApiKey, lambda record: record.api_key)


class ApiKeyServicer:
    """`tollway.admin.v1.ApiKeyService`. Secrets are answered once and stored as keyed hashes alone."""

    def __init__(self, store: ResourceStore, tokens: PageTokens, vault: Vault, form: SecretForm) -> None:
        self._store = store
        self._api_keys = Collection(store, _KIND, self._rules)
        self._listing = Listing(store, _KIND, tokens)
        self._vault = vault
        self._form = form

    async def CreateApiKey(self, request: api_keys_pb2.CreateApiKeyRequest, call: Call) -> ApiKey:
        secret = self._form.new_secret()
        record = ApiKeyRecord(api_key=writable_copy(request.api_key))
        self._issue(record, secret, 0)
        api_key = await self._api_keys.create(child_name(request.parent, _KIND.name, request.api_key_id), record)
        return _with_secret(api_key, secret, call)

    async def GetApiKey(self, request: api_keys_pb2.GetApiKeyRequest, _: Call) -> ApiKey:
        return await self._api_keys.get(request.name)

    async def ListApiKeys(self, request: api_keys_pb2.ListApiKeysRequest, _: Call) -> ListApiKeysResponse:
        page = await self._listing.page(request.parent, request)
        return ListApiKeysResponse(api_keys=page.resources, next_page_token=page.next_page_token)

    async def UpdateApiKey(self, request: api_keys_pb2.UpdateApiKeyRequest, _: Call) -> ApiKey:
        return await self._api_keys.update(request.api_key, request.update_mask)

    async def DeleteApiKey(self, request: api_keys_pb2.DeleteApiKeyRequest, _: Call) -> Empty:
        await self._api_keys.delete(request.name, request.etag)
        return Empty()

    async def RotateApiKey(self, request: api_keys_pb2.RotateApiKeyRequest, call: Call) -> ApiKey:
        secret = self._form.new_secret()
        overlap = request.overlap.ToNanoseconds() if request.HasField("overlap") else DEFAULT_OVERLAP_NS
        api_key = await self._api_keys.change(
            request.name, parse_etag(request.etag, "etag"), lambda record: self._issue(record, secret, overlap)
        )
        return _with_secret(api_key, secret, call)

    def _issue(self, record: ApiKeyRecord, secret: str, overlap_ns: int) -> None:
        add_secret(record, self._vault.digest(secret), overlap_ns)
        record.api_key.prefix = self._form.prefix_of(secret)
        record.api_key.last_four = self._form.last_four(secret)

    async def _rules(self, before: ApiKeyRecord | None, after: ApiKeyRecord) -> str:
        _check_end(before, after)
        tier = after.api_key.tier
        if tier and (before is None or before.api_key.tier != tier):
            name = child_name(tenant_of(after.api_key.name), "tiers", tier)
            await require(self._store, name, field="apiKey.tier", noun="tier of this id")
        return ""


def _with_secret(api_key: ApiKey, secret: str, call: Call) -> ApiKey:
    """The answer that holds the secret: nobody on its way may keep it (RFC 9111, section 5.2.2.5)."""
    api_key.secret = secret
    call.response_metadata["cache-control"] = "no-store"
    return api_key


def _check_end(before: ApiKeyRecord | None, after: ApiKeyRecord) -> None:
    drop_expired(after)
    end = after.api_key.expire_time
    unchanged = before is not None and before.api_key.expire_time == end
    # A key that has expired meanwhile can still be renamed, disabled or given a new end.
    if after.api_key.HasField("expire_time") and not unchanged and is_past(end):
        raise invalid_field("apiKey.expireTime", "is in the past; to end the key now, disable or delete it")
