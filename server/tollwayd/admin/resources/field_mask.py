"""Update masks (AIP-134): which fields of the resource that was sent replace those that are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from tollwayd.admin.resources.field_behavior import fields_of, is_writable
from tollwayd.core.errors import TollwayError, invalid_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

__all__ = ["Path", "merge", "resolve_mask"]

Path = tuple["FieldDescriptor", ...]
"""A field of a resource: the fields on the way to it, and itself."""

MAX_PATHS: Final = 256
"""Of a mask: no resource has nearly as many fields."""

_ALL: Final = "*"
_FIELD: Final = "updateMask"


def resolve_mask(paths: Sequence[str], resource: Message) -> list[Path]:
    """The fields that a mask names, without those that callers cannot set.

    No paths mean the populated fields of `resource`, which is a `writable_copy`; `*` means all. REASON_FIELD_INVALID
    for a path that names none.
    """
    if len(paths) > MAX_PATHS:
        raise invalid_field(_FIELD, f"has more than {MAX_PATHS} paths")
    if not paths:
        return list(_populated(resource))
    if _ALL in paths:
        return _everything(paths, resource)
    descriptor = cast("Descriptor", resource.DESCRIPTOR)
    found = [_find(path, number, descriptor) for number, path in enumerate(paths, 1)]
    return [path for path in found if is_writable(path[0])]


def merge(source: Message, target: Message, paths: Sequence[Path]) -> None:
    """Gives `target` the value that each of these fields has in `source`, also where that is none."""
    for path in paths:
        _merge(source, target, path)


def _everything(paths: Sequence[str], resource: Message) -> list[Path]:
    if len(paths) > 1:
        raise invalid_field(_FIELD, "names further paths beside '*', which is all of them")
    return [(field,) for field in fields_of(resource) if is_writable(field)]


def _populated(message: Message, way: Path = ()) -> Iterator[Path]:
    for field, value in message.ListFields():
        path = (*way, field)
        yield from _populated(value, path) if _has_fields(field) else (path,)


def _find(path: str, number: int, descriptor: Descriptor) -> Path:
    found: list[FieldDescriptor] = []
    inside: Descriptor | None = descriptor
    for name in path.split("."):
        field = inside.fields_by_name.get(name) if inside is not None else None
        if field is None:
            raise _unknown(number, inside)
        found.append(field)
        inside = field.message_type if _has_fields(field) else None
    return tuple(found)


def _has_fields(field: FieldDescriptor) -> bool:
    """Whether a path may lead on into this field. Lists and the well-known types are replaced as a whole."""
    kind = field.message_type
    return kind is not None and not field.is_repeated and not kind.full_name.startswith("google.protobuf.")


def _unknown(number: int, inside: Descriptor | None) -> TollwayError:
    if inside is None:
        return invalid_field(_FIELD, f"path {number} leads into a field that can only be replaced as a whole")
    known = ", ".join(field.name for field in inside.fields if is_writable(field))
    return invalid_field(_FIELD, f"path {number} names no field of {inside.name}, which has {known}")


def _merge(source: Message, target: Message, path: Path) -> None:
    field, *rest = path
    name = field.name
    if not rest:
        _copy(source, target, field)
    elif source.HasField(name) or target.HasField(name):
        # An absent message reads as an empty one, which is what clears a field that only the target has.
        _merge(getattr(source, name), getattr(target, name), tuple(rest))


def _copy(source: Message, target: Message, field: FieldDescriptor) -> None:
    name = field.name
    target.ClearField(name)
    if field.has_presence and not source.HasField(name):
        return
    value = getattr(source, name)
    if field.is_repeated:
        getattr(target, name).MergeFrom(value)
    elif field.message_type is not None:
        getattr(target, name).CopyFrom(value)
    else:
        setattr(target, name, value)
