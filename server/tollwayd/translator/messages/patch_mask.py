"""The update mask of a PATCH that gives none: the fields that its JSON body names (AIP-134).

So a field can be cleared by naming it with its zero value or null, and a resource can be read, edited and sent back
whole. Over gRPC nobody can tell what a message named, and the mask is the caller's to give.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from google.api import field_behavior_pb2

from tollwayd.core.errors import invalid_field
from tollwayd.translator.fields.fields import fields_by_name, is_plain
from tollwayd.translator.rules.rule import WHOLE_MESSAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

    from tollwayd.translator.rules.rule import Binding

MAX_PATHS: Final = 256
"""Of a mask made here; a body that names more fields has to give its own."""

_SERVERS_OWN: Final = {field_behavior_pb2.OUTPUT_ONLY, field_behavior_pb2.IDENTIFIER}
_NEVER: Final = frozenset({"name", "etag"})
"""Top-level fields that say which resource is meant, and in which version, but are no part of what is changed."""


class PatchMask:
    """The mask of one binding's requests. `bound` are paths in the resource that the URL's path gives."""

    __slots__ = ("_bound", "_mask", "_resource")

    def __init__(self, mask: FieldDescriptor, resource: Descriptor, bound: frozenset[str]) -> None:
        self._mask: Final = mask
        self._resource: Final = resource
        self._bound: Final = _NEVER | bound

    def fill(self, message: Message, body: Any) -> None:
        """Gives the request a mask, unless it has one, of what `body`, its parsed JSON, names. A body that names
        nothing makes none: a mask without paths means the fields that are set (AIP-134), and those are none.
        """
        if body is None or message.HasField(self._mask.name):
            return
        mask: Any = getattr(message, self._mask.name)
        for path in self._named(body, self._resource):
            if len(mask.paths) == MAX_PATHS:
                raise invalid_field(self._mask.json_name, f"is required for a body of more than {MAX_PATHS} fields")
            mask.paths.append(path)

    def _named(self, body: dict[str, Any], message: Descriptor, parent: str = "") -> Iterator[str]:
        known = _writable(message)
        for name, value in body.items():
            field, inside = known.get(name, (None, None))
            if field is None or (path := f"{parent}{field.name}") in self._bound:
                continue
            if value and inside is not None:
                yield from self._named(value, inside, f"{path}.")
            else:
                yield path


def patch_mask(binding: Binding) -> PatchMask | None:
    """The mask of a binding's requests; None where it is no PATCH of a resource, or has not exactly one mask."""
    request = binding.method.descriptor.input_type
    if binding.http_method != "PATCH" or binding.body in {"", WHOLE_MESSAGE}:
        return None
    resource = request.fields_by_name[binding.body]
    masks = [field for field in request.fields if _is_mask(field)]
    if len(masks) != 1 or masks[0].is_repeated or resource.is_repeated or not is_plain(resource.message_type):
        return None
    bound = (".".join(field.name for field in rest) for first, *rest in binding.variables if first is resource and rest)
    return PatchMask(masks[0], resource.message_type, frozenset(bound))


def _is_mask(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.full_name == "google.protobuf.FieldMask"


@cache
def _writable(message: Descriptor) -> Mapping[str, tuple[FieldDescriptor, Descriptor | None]]:
    """The fields that callers set, by both of their names, and the message that a path may lead on into."""
    return {
        name: (field, field.message_type if is_plain(field.message_type) and not field.is_repeated else None)
        for name, field in fields_by_name(message).items()
        if _SERVERS_OWN.isdisjoint(field.GetOptions().Extensions[field_behavior_pb2.field_behavior])
    }
