"""TollwayError ↔ google.rpc.Status (AIP-193), for both doors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from tollwayd.core.errors import DOMAIN, TollwayError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from tollwayd.rpc.registry import ErrorBody


def to_status(error: TollwayError, error_body: ErrorBody | None = None) -> Status:
    """The error as google.rpc.Status: ErrorInfo always, then field violations, the time to wait, and the body that
    the service's own dialect has for it."""
    status = Status(code=error.rule.code, message=error.message)
    for detail in _details(error):
        status.details.append(_pack(detail))
    if error_body is not None:
        status.details.append(_pack(error_body(error)))
    return status


def _details(error: TollwayError) -> Iterator[Message]:
    yield ErrorInfo(reason=error.rule.name, domain=DOMAIN, metadata=error.metadata)
    if error.violations:
        yield BadRequest(
            field_violations=[
                BadRequest.FieldViolation(field=violation.field, description=violation.description)
                for violation in error.violations
            ]
        )
    if error.retry_after is not None:
        retry = RetryInfo()
        retry.retry_delay.FromMilliseconds(round(error.retry_after * 1000))
        yield retry


def _pack(message: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed
