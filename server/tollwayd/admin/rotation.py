"""The secrets of an API key over time: the present one, and those before it while they are still taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.protobuf.timestamp_pb2 import Timestamp

from tollwayd.core.errors import invalid_field

if TYPE_CHECKING:
    from tollway.config.v1.records_pb2 import ApiKeyRecord, SecretDigest

__all__ = ["add_secret", "drop_expired", "is_past"]

MAX_SECRETS: Final = 5
"""Of one key at a time. Each is one more thing that opens the same door, and an entry in every replica's memory."""


def add_secret(record: ApiKeyRecord, digest: SecretDigest, overlap_ns: int) -> None:
    """Makes a secret the present one. Those before it end after `overlap_ns` nanoseconds, or at their own sooner end:
    so an overlap of zero ends every secret that may have leaked. REASON_FIELD_INVALID where too many remain."""
    end = Timestamp()
    end.GetCurrentTime()
    end.FromNanoseconds(end.ToNanoseconds() + overlap_ns)
    for earlier in record.digests:
        if not earlier.HasField("expire_time") or earlier.expire_time.ToNanoseconds() > end.ToNanoseconds():
            earlier.expire_time.CopyFrom(end)
    drop_expired(record)
    if len(record.digests) >= MAX_SECRETS:
        raise invalid_field(
            "overlap",
            f"would leave the key with more than {MAX_SECRETS} valid secrets; rotate with an overlap of 0s, which ends"
            " all earlier ones, or wait for the end of one",
        )
    record.digests.insert(0, digest)
    record.api_key.ClearField("previous_secret_expire_time")
    if len(record.digests) > 1:
        record.api_key.previous_secret_expire_time.CopyFrom(record.digests[1].expire_time)


def drop_expired(record: ApiKeyRecord) -> None:
    """Forgets the secrets whose end has come."""
    valid = [
        digest for digest in record.digests if not (digest.HasField("expire_time") and is_past(digest.expire_time))
    ]
    del record.digests[:]
    record.digests.extend(valid)


def is_past(time: Timestamp) -> bool:
    """Whether this moment has come."""
    now = Timestamp()
    now.GetCurrentTime()
    return time.ToNanoseconds() <= now.ToNanoseconds()
