"""Holds requests to the protovalidate rules of their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from google.protobuf.message import Message
from protovalidate import collect_violations

from buf.validate import validate_pb2
from tollwayd.core.errors import FieldViolation, Reason, TollwayError
from tollwayd.core.plugin import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from google.protobuf.descriptor import Descriptor

    from tollwayd.core.call import Call

MAX_VIOLATIONS = 20
"""How many violations an answer names; a request can have millions."""

ALL_VIOLATIONS_BYTES = 16 * 1024
"""Up to this size a request is looked through for all its violations."""

# protoc's stubs call extensions plain fields, which HasExtension does not take.
_EXTENSIONS: Any = validate_pb2


class Validate:
    """A chain link: REASON_FIELD_INVALID for a request that breaks rules, naming each field in JSON names.

    It comes after authentication, so that nobody learns the rules without a credential, and before anything acts.
    """

    name: Final = "validate"
    stage: Final = Stage.AUTHORIZE

    def __init__(self) -> None:
        self._ruled: dict[Descriptor, bool] = {}

    def on_request(self, call: Call, request: Any) -> Any:
        """Refuses a request with violations. Messages without any rule, such as raw bodies, cost a look-up.

        A stream of requests becomes one that ends with the refusal, in place of the first message that has any.
        """
        if isinstance(request, Message):
            self._check(request)
            return None
        checked = self._checked(request)
        call.defer(checked.aclose)
        return checked

    async def _checked(self, requests: AsyncIterator[Message]) -> AsyncGenerator[Message, None]:
        async for request in requests:
            self._check(request)
            yield request

    def _check(self, request: Message) -> None:
        descriptor = cast("Descriptor", request.DESCRIPTOR)
        # The first one alone in what is large: a megabyte can hold a million, and each costs a tenth of a millisecond.
        hasty = request.ByteSize() > ALL_VIOLATIONS_BYTES
        if self._has_rules(descriptor) and (violations := collect_violations(request, fail_fast=hasty)):
            raise _refusal(descriptor, violations[:MAX_VIOLATIONS])

    def _has_rules(self, descriptor: Descriptor) -> bool:
        ruled = self._ruled.get(descriptor)
        if ruled is None:
            ruled = self._ruled[descriptor] = any(map(_has_own_rules, _reachable(descriptor)))
        return ruled


def _reachable(descriptor: Descriptor) -> set[Descriptor]:
    seen = {descriptor}
    waiting = [descriptor]
    while waiting:
        new = {field.message_type for field in waiting.pop().fields if field.message_type} - seen
        seen |= new
        waiting += new
    return seen


def _has_own_rules(descriptor: Descriptor) -> bool:
    options = [field.GetOptions().HasExtension(_EXTENSIONS.field) for field in descriptor.fields]
    options += [oneof.GetOptions().HasExtension(_EXTENSIONS.oneof) for oneof in descriptor.oneofs]
    return any(options) or descriptor.GetOptions().HasExtension(_EXTENSIONS.message)


def _refusal(descriptor: Descriptor, violations: Any) -> TollwayError:
    found = [_found(descriptor, each.proto) for each in violations]
    first = found[0]
    return TollwayError(
        Reason.REASON_FIELD_INVALID,
        f"{first.field}: {first.description}",
        metadata={"field": first.field},
        violations=found,
    )


def _found(descriptor: Descriptor | None, violation: Any) -> FieldViolation:
    """Where: `model.targets[1].provider`, in JSON names. What: in protovalidate's words, where they say enough."""
    parts: list[str] = []
    description = violation.message
    for element in violation.field.elements:
        field = descriptor.fields_by_name.get(element.field_name) if descriptor else None
        if descriptor and (oneof := descriptor.oneofs_by_name.get(element.field_name)):
            # JSON has no name for it.
            description = f"exactly one field is required of {', '.join(each.json_name for each in oneof.fields)}"
        elif field and field.enum_type and violation.rule_id.startswith("enum."):
            # By number 0 it is not set; an unknown name, where these are passed over, leaves it so.
            names = ", ".join(value.name for value in field.enum_type.values if value.number)
            description = f"has to be one of {names}"
        subscript = "" if element.subscript is None else f"[{element.subscript.value}]"
        parts.append((field.json_name if field else element.field_name) + subscript)
        descriptor = field.message_type if field else None
    return FieldViolation(".".join(parts), description)
