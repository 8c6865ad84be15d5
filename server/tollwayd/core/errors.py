"""Errors as data: one exception class, and one table of reasons that the protos hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.rpc.code_pb2 import Code

from tollway.error.v1 import reason_pb2
from tollway.error.v1.reason_pb2 import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.rpc.status_pb2 import Status

__all__ = [
    "DOMAIN",
    "MAX_NAMES_LISTED",
    "RULES",
    "FieldViolation",
    "QuotaViolation",
    "Reason",
    "ReasonRule",
    "StatusError",
    "TollwayError",
    "invalid_field",
    "listed",
]

DOMAIN = "tollway.dev"
"""The `domain` of every `google.rpc.ErrorInfo` (AIP-193)."""

MAX_NAMES_LISTED = 20
"""Names that an error lists of what may be given; of more the rest is an ellipsis."""


@dataclass(frozen=True, slots=True)
class ReasonRule:
    """What callers are told for a reason: its name without prefix, gRPC code (0-16), HTTP status and public text."""

    name: str
    code: int
    http_status: int
    text: str


def _rule(value: object) -> ReasonRule:
    options = value.GetOptions().Extensions[reason_pb2.rule]  # type: ignore[attr-defined]
    name: str = value.name.removeprefix("REASON_")  # type: ignore[attr-defined]
    return ReasonRule(name, options.code, options.http_status, options.text)


RULES: Mapping[int, ReasonRule] = {
    value.number: _rule(value) for value in Reason.DESCRIPTOR.values if value.number != Reason.REASON_UNSPECIFIED
}
"""Every reason's rule, from the options of `tollway.error.v1.Reason`."""

_HTTP_STATUSES = (200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401)
"""The HTTP status of each gRPC code, 0 to 16, as google/rpc/code.proto has it."""

_CODE_RULES = [ReasonRule(Code.Name(code), code, status, "") for code, status in enumerate(_HTTP_STATUSES)]


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field that breaks its rule. `field` is its path in JSON names, as callers write it: `apiKey.expireTime`."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class QuotaViolation:
    """One limit that a call would have exceeded; `subject` names the count that it is about."""

    subject: str
    description: str


class TollwayError(Exception):
    """A call is refused or has failed, for a reason that its caller may know.

    `message` is public: it reaches the caller as it is, so it must hold no secret, no other tenant's name and nothing
    that an exception of a library said. `metadata` holds the message's dynamic parts (AIP-193), `retry_after` seconds.
    """

    def __init__(  # noqa: PLR0913 - an error has as many parts, and most of them seldom.
        self,
        reason: Reason,
        message: str = "",
        *,
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[FieldViolation] = (),
        quota_violations: Sequence[QuotaViolation] = (),
        retry_after: float | None = None,
    ) -> None:
        self.reason = reason
        self.rule = RULES[reason]
        self.message = message or self.rule.text
        self.metadata = metadata or {}
        self.violations = violations
        self.quota_violations = quota_violations
        self.retry_after = retry_after
        super().__init__(self.message)


class StatusError(TollwayError):
    """A call has failed in another server, whose google.rpc.Status its caller gets as it is.

    `status` has a code from 1 to 16. Its class may come from any descriptor pool, in which the types of its details are
    then looked up. There is no reason of ours: `reason` is REASON_UNSPECIFIED, and `rule` that of the code.
    """

    def __init__(self, status: Status, *, retry_after: float | None = None) -> None:
        super().__init__(Reason.REASON_INTERNAL, status.message, retry_after=retry_after)
        self.reason = Reason.REASON_UNSPECIFIED
        self.rule = _CODE_RULES[status.code]
        self.message = status.message
        self.status = status


def invalid_field(field: str, description: str) -> TollwayError:
    """The error for one invalid field; `field` in JSON names."""
    return TollwayError(
        Reason.REASON_FIELD_INVALID,
        f"{field}: {description}",
        metadata={"field": field},
        violations=[FieldViolation(field, description)],
    )


def listed(names: Sequence[str]) -> str:
    """The names as an error says them, MAX_NAMES_LISTED at most."""
    return ", ".join([*names[:MAX_NAMES_LISTED], *["…"] * (len(names) > MAX_NAMES_LISTED)])
