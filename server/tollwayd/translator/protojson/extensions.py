"""proto2 extensions, which JSON writes as fields named `[full.name]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message


def find_extension(message: Descriptor, name: str) -> FieldDescriptor | None:
    """The extension of the message that JSON names so; None where there is none."""
    if not (message.is_extendable and name.startswith("[") and name.endswith("]")):
        return None
    try:
        found = message.file.pool.FindExtensionByName(name[1:-1])
    except KeyError:
        return None
    return found if found.containing_type is message else None


class ExtensionAttribute:
    """An extension of a message as its attribute, so that it is read like a field."""

    __slots__ = ("_extension", "_message")

    def __init__(self, message: Message, extension: FieldDescriptor) -> None:
        object.__setattr__(self, "_message", message)
        object.__setattr__(self, "_extension", extension)

    def __getattr__(self, name: str) -> Any:
        return self._message.Extensions[self._extension]

    def __setattr__(self, name: str, value: Any) -> None:
        self._message.Extensions[self._extension] = value
