"""TollwayError ↔ google.rpc.Status (AIP-193), for both doors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status

from tollwayd.core.errors import DOMAIN, StatusError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.protobuf.message import Message

    from tollwayd.core.errors import FieldViolation, QuotaViolation, TollwayError
    from tollwayd.rpc.registry import ErrorBody


MAX_WIRE_BYTES = 4096
"""How long an error may be as trailers: clients take 8 KiB of metadata, and lose the whole error where it is more."""

MAX_QUOTA_BYTES = 1024
"""How long what is said of exceeded limits may be: one is always named, and one is mostly all there is."""

_ELLIPSIS = "…"
_DETAIL_BYTES = 64
"""More than what frames a list of violations: its type's name and the lengths."""


def to_status(error: TollwayError, error_body: ErrorBody | None = None) -> Status:
    """The error as google.rpc.Status: ErrorInfo always, then field violations, limits exceeded, the time to wait, and
    the body that the service's own dialect has for it. What another server has said stays as it is.

    Of an error that is too long for trailers the body is left out, then the violations for which there is no room, and
    then the message is shortened.
    """
    if isinstance(error, StatusError):
        return error.status
    status = _status(error, error.violations)
    if error_body is not None:
        status.details.append(_pack(error_body(error)))
        if _room(status) < 0:
            del status.details[-1]
    return status if _room(status) >= 0 else _shortened(error)


def retry_after(status: Status) -> float | None:
    """The seconds that the error's RetryInfo asks callers to wait; None where it has none that can be read."""
    for detail in status.details:
        if detail.type_url.endswith(f"/{RetryInfo.DESCRIPTOR.full_name}"):
            try:
                delay = RetryInfo.FromString(detail.value).retry_delay
            except DecodeError:
                return None
            seconds: float = delay.seconds + delay.nanos / 1e9
            return seconds
    return None


def _shortened(error: TollwayError) -> Status:
    status = _status(error, _fitting(error.violations, _room(_status(error, ()))))
    if _room(status) < 0:
        status.message = ""
        status.message = _beginning(error.message, _room(status))
    return status


def _fitting(violations: Sequence[FieldViolation], room: float) -> Sequence[FieldViolation]:
    room -= _in_base64(_DETAIL_BYTES)
    for count, violation in enumerate(violations):
        room -= _in_base64(_bad_request([violation]).ByteSize())
        if room < 0:
            return violations[:count]
    return violations


def _beginning(text: str, room: float) -> str:
    room -= _message_bytes(_ELLIPSIS) + _in_base64(_DETAIL_BYTES)
    for place, character in enumerate(text):
        room -= _message_bytes(character) + _in_base64(len(character.encode()))
        if room < 0:
            return text[:place] + _ELLIPSIS
    return text


def _room(status: Status) -> float:
    """How many bytes are left: trailers hold the message twice, by itself and within the Status."""
    return MAX_WIRE_BYTES - _message_bytes(status.message) - _in_base64(status.ByteSize())


def _message_bytes(text: str) -> int:
    # As gRPC percent-encodes it: all but the visible ASCII, and the percent sign.
    return sum(1 if 0x20 <= byte <= 0x7E and byte != 0x25 else 3 for byte in text.encode())


def _in_base64(size: int) -> float:
    return size * 4 / 3


def _status(error: TollwayError, violations: Sequence[FieldViolation]) -> Status:
    return Status(code=error.rule.code, message=error.message, details=map(_pack, _details(error, violations)))


def _details(error: TollwayError, violations: Sequence[FieldViolation]) -> Iterator[Message]:
    yield ErrorInfo(reason=error.rule.name, domain=DOMAIN, metadata=error.metadata)
    if violations:
        yield _bad_request(violations)
    if error.quota_violations:
        yield _quota_failure(error.quota_violations)
    if error.retry_after is not None:
        retry = RetryInfo()
        retry.retry_delay.FromMilliseconds(round(error.retry_after * 1000))
        yield retry


def _bad_request(violations: Sequence[FieldViolation]) -> BadRequest:
    return BadRequest(
        field_violations=[
            BadRequest.FieldViolation(field=violation.field, description=violation.description)
            for violation in violations
        ]
    )


def _quota_failure(violations: Sequence[QuotaViolation]) -> QuotaFailure:
    failure = QuotaFailure()
    for violation in violations:
        failure.violations.add(subject=violation.subject, description=violation.description)
        if failure.ByteSize() > MAX_QUOTA_BYTES and len(failure.violations) > 1:
            del failure.violations[-1]
            break
    return failure


def _pack(message: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed
