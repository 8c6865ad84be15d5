"""API keys: a secret is shown once, stored as a hash, and replaced without a gap."""

from __future__ import annotations

import re
import time
from math import inf

import pytest
import pytest_asyncio

from tollway.admin.v1.api_keys_pb2 import (
    CreateApiKeyRequest,
    DeleteApiKeyRequest,
    GetApiKeyRequest,
    ListApiKeysRequest,
    RotateApiKeyRequest,
    UpdateApiKeyRequest,
)
from tollway.config.v1.records_pb2 import ApiKeyRecord
from tollwayd.admin.rotation import MAX_SECRETS

DESK = "tenants/acme/apiKeys/desk"
DAY = 86_400
FUTURE = {"seconds": 4_000_000_000}


def creating(**api_key) -> CreateApiKeyRequest:
    return CreateApiKeyRequest(parent="tenants/acme", api_key_id="desk", api_key=api_key)


def rotating(seconds: int | None = None, **fields) -> RotateApiKeyRequest:
    overlap = {} if seconds is None else {"overlap": {"seconds": seconds}}
    return RotateApiKeyRequest(name=DESK, **overlap, **fields)


@pytest_asyncio.fixture
async def desk(admin, acme):
    return await admin(creating(display_name="Front desk", allowed_models=["gpt-4o"]))


async def test_tags_are_kept_and_replaced_as_a_whole(admin, acme):
    created = await admin(creating(tags={"team": "search", "env": "prod"}))
    assert dict(created.tags) == {"team": "search", "env": "prod"}
    change = {"api_key": {"name": DESK, "tags": {"team": "ads"}}, "update_mask": {"paths": ["tags"]}}
    await admin(UpdateApiKeyRequest(**change))
    assert dict((await admin(GetApiKeyRequest(name=DESK))).tags) == {"team": "ads"}


@pytest.fixture
def recognised(store, keyring):
    """For each secret, for how many more seconds it finds the stored key; None where it does not."""

    def left(digest) -> float:
        return digest.expire_time.seconds - time.time() if digest.HasField("expire_time") else inf

    async def look(*secrets: str) -> list[float | None]:
        record = ApiKeyRecord.FromString((await store.get("apiKeys", DESK)).record)
        found = {keyring.lookup_key(digest): left(digest) for digest in record.digests}
        return [found.get(keyring.digests(secret)[0]) for secret in secrets]

    return look


async def test_a_new_key_answers_with_its_secret_once(admin, desk):
    assert re.fullmatch(r"tw_[A-Za-z0-9]{43}", desk.secret)
    assert (desk.prefix, desk.last_four) == (desk.secret[:7], desk.secret[-4:])
    (listed,) = (await admin(ListApiKeysRequest(parent="tenants/acme"))).api_keys
    for shown in (await admin(GetApiKeyRequest(name=DESK)), listed, await admin(UpdateApiKeyRequest(api_key=listed))):
        assert shown.secret == ""
        assert (shown.prefix, shown.last_four) == (desk.prefix, desk.last_four)
        assert list(shown.allowed_models) == ["gpt-4o"]


async def test_the_store_holds_a_hash_that_finds_the_key_and_no_secret(admin, desk, recognised):
    rotated = await admin(rotating())

    assert await recognised(rotated.secret) == [inf]
    for secret in (desk.secret, rotated.secret):
        assert secret.encode()[7:-4] not in await admin.stored()


async def test_a_secret_that_callers_choose_is_ignored(admin, acme, recognised):
    created = await admin(creating(secret="tw_mine", prefix="tw_mine", last_four="mine"))

    assert created.secret != "tw_mine"
    assert created.prefix == created.secret[:7]
    assert await recognised("tw_mine") == [None]
    assert b"mine" not in await admin.stored()


async def test_after_a_rotation_both_secrets_are_taken_for_the_overlap(admin, desk, recognised):
    rotated = await admin(rotating(3600))

    assert rotated.secret not in ("", desk.secret)
    assert (rotated.prefix, rotated.last_four) == (rotated.secret[:7], rotated.secret[-4:])
    present, previous = await recognised(rotated.secret, desk.secret)
    assert present == inf
    assert previous == pytest.approx(3600, abs=30)
    assert rotated.previous_secret_expire_time.seconds == pytest.approx(time.time() + 3600, abs=30)
    assert rotated.etag != desk.etag


async def test_the_overlap_is_a_day_where_none_is_given(admin, desk, recognised):
    await admin(rotating())

    assert await recognised(desk.secret) == [pytest.approx(DAY, abs=30)]


async def test_an_overlap_of_zero_ends_every_earlier_secret_at_once(admin, desk, recognised):
    second = await admin(rotating(3600))
    third = await admin(rotating(0))

    assert await recognised(third.secret, second.secret, desk.secret) == [inf, None, None]
    assert not third.HasField("previous_secret_expire_time")


async def test_a_later_rotation_shortens_earlier_overlaps_and_never_lengthens_them(admin, desk, recognised):
    second = await admin(rotating(3600))
    await admin(rotating(600))
    fourth = await admin(rotating(7200))

    assert await recognised(fourth.secret, second.secret, desk.secret) == [
        inf,
        pytest.approx(600, abs=30),
        pytest.approx(600, abs=30),
    ]


async def test_a_key_has_a_bounded_number_of_secrets_and_a_way_out(admin, desk):
    for _ in range(MAX_SECRETS - 1):
        await admin(rotating(3600))

    refusal = await admin.refusal(rotating(3600))
    assert [violation.field for violation in refusal.violations] == ["overlap"]
    assert "overlap of 0s" in str(refusal)
    assert (await admin(rotating(0))).secret


async def test_expired_secrets_are_forgotten_at_the_next_write(admin, desk, store):
    await admin(rotating(3600))
    stored = await store.get("apiKeys", DESK)
    record = ApiKeyRecord.FromString(stored.record)
    record.digests[1].expire_time.seconds = 1
    await store.update("apiKeys", DESK, record.SerializeToString(), version=stored.version)

    await admin(UpdateApiKeyRequest(api_key={"name": DESK, "display_name": "New"}))

    assert len(ApiKeyRecord.FromString((await store.get("apiKeys", DESK)).record).digests) == 1


async def test_a_rotation_may_name_the_etag(admin, desk, recognised):
    present = await admin(rotating(3600, etag=desk.etag))

    assert await admin.reason(rotating(3600, etag=desk.etag)) == "ETAG_MISMATCH"
    assert await admin.reason(rotating(3600, etag="1")) == "FIELD_INVALID"
    assert await recognised(present.secret) == [inf]


async def test_a_rotation_between_the_read_and_the_write_of_another_loses_no_secret(admin, desk, meddled, recognised):
    theirs = []

    async def meddle():
        meddled.meddle = None
        theirs.append(await admin(rotating(3600)))

    meddled.meddle = meddle
    mine = await admin(rotating(3600))

    assert None not in await recognised(mine.secret, theirs[0].secret, desk.secret)


async def test_an_end_in_the_past_is_refused(admin, acme):
    refusal = await admin.refusal(creating(expire_time={"seconds": 1}))

    assert [violation.field for violation in refusal.violations] == ["apiKey.expireTime"]


async def test_an_expired_key_can_still_be_changed_and_prolonged(admin, desk, store):
    stored = await store.get("apiKeys", DESK)
    record = ApiKeyRecord.FromString(stored.record)
    record.api_key.expire_time.seconds = 1
    await store.update("apiKeys", DESK, record.SerializeToString(), version=stored.version)
    expired = await admin(GetApiKeyRequest(name=DESK))

    expired.display_name = "New"
    assert (await admin(UpdateApiKeyRequest(api_key=expired))).display_name == "New"
    refusal = await admin.reason(UpdateApiKeyRequest(api_key={"name": DESK, "expire_time": {"seconds": 2}}))
    assert refusal == "FIELD_INVALID"
    assert (await admin(UpdateApiKeyRequest(api_key={"name": DESK, "expire_time": FUTURE}))).expire_time.seconds == (
        FUTURE["seconds"]
    )


async def test_an_end_can_be_taken_away(admin, acme):
    await admin(creating(expire_time=FUTURE))
    updated = await admin(UpdateApiKeyRequest(api_key={"name": DESK}, update_mask={"paths": ["expire_time"]}))

    assert not updated.HasField("expire_time")


async def test_an_end_that_no_clock_shows_is_refused(admin, acme):
    refusal = await admin.refusal(creating(expire_time={"seconds": 10**15}))

    assert [violation.field for violation in refusal.violations] == ["apiKey.expireTime"]


async def test_a_key_of_a_tenant_that_does_not_exist_is_refused(admin):
    assert await admin.reason(creating()) == "RESOURCE_NOT_FOUND"


async def test_a_deleted_key_is_gone(admin, desk, store):
    await admin(DeleteApiKeyRequest(name=DESK, etag=desk.etag))

    for request in (GetApiKeyRequest(name=DESK), DeleteApiKeyRequest(name=DESK), rotating()):
        assert await admin.reason(request) == "RESOURCE_NOT_FOUND"
