"""Holds requests to the protovalidate rules of their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from google.protobuf.message import Message
from protovalidate import collect_violations

from buf.validate import validate_pb2
from tollwayd.core.plugin import Stage
from tollwayd.plugins.violations import refusal

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

    def minds(self, request: Descriptor) -> bool:
        """Whether messages of this type have rules. Those without any, such as raw bodies, then cost nothing."""
        return self._has_rules(request)

    def on_request(self, call: Call, request: Any) -> Any:
        """Refuses a request with violations.

        A stream of requests becomes one that ends with the refusal, in place of the first message that has any.
        """
        if isinstance(request, Message):
            self._check(call.method, request)
            return None
        checked = self._checked(call.method, request)
        call.defer(checked.aclose)
        return checked

    async def _checked(self, method: str, requests: AsyncIterator[Message]) -> AsyncGenerator[Message, None]:
        async for request in requests:
            self._check(method, request)
            yield request

    def _check(self, method: str, request: Message) -> None:
        descriptor = cast("Descriptor", request.DESCRIPTOR)
        # The first one alone in what is large: a megabyte can hold a million, and each costs a tenth of a millisecond.
        hasty = request.ByteSize() > ALL_VIOLATIONS_BYTES
        if self._has_rules(descriptor) and (violations := collect_violations(request, fail_fast=hasty)):
            raise refusal(method, descriptor, violations[:MAX_VIOLATIONS])

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
