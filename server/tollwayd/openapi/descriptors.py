"""A descriptor set as `protoc --include_imports --include_source_info` writes it: its types, and what comments say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.api import field_behavior_pb2, resource_pb2
from google.protobuf.descriptor_pool import DescriptorPool

from tollwayd.openapi.comments import Comment, parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from google.protobuf.descriptor import (
        Descriptor,
        DescriptorBase,
        FieldDescriptor,
        FileDescriptor,
        ServiceDescriptor,
    )
    from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

Path = tuple[int, ...]
"""Where an element stands in a FileDescriptorProto: field numbers and indices in turn, as SourceCodeInfo has it."""

# Where the children of an element stand (google/protobuf/descriptor.proto), with the name of the field that holds them.
_IN_FILE = ((4, "message_type"), (5, "enum_type"), (6, "service"))
_IN_TYPE = ((2, "field"), (3, "nested_type"), (4, "enum_type"), (8, "oneof_decl"), (2, "value"), (2, "method"))

_SILENCE: Final = Comment()


class Descriptors:
    """The types and comments of a descriptor set, by full name. Files must stand after those that they import."""

    def __init__(self, files: FileDescriptorSet) -> None:
        self.pool = DescriptorPool()
        self._comments: dict[str, Comment] = {}
        self._files: list[FileDescriptor] = []
        for file in files.file:
            self.pool.AddSerializedFile(file.SerializeToString())
            self._files.append(self.pool.FindFileByName(file.name))
            self._comments.update(_comments(file))

    def comment(self, full_name: str) -> str:
        """The comment above an element as Markdown; empty where there is none. Enum values: `package.Enum.VALUE`."""
        return self.said(full_name).text

    def said(self, full_name: str) -> Comment:
        """The same with its examples."""
        return self._comments.get(full_name, _SILENCE)

    def services(self, package: str, names: Collection[str] = ()) -> list[ServiceDescriptor]:
        """The services of a package, or those of these full names, in the order of their files and within them."""
        files = sorted(self._files, key=lambda file: file.name)
        services = [service for file in files for service in file.services_by_name.values()]
        if names:
            return [service for service in services if service.full_name in names]
        return [service for service in services if service.file.package == package]

    def resource_patterns(self) -> list[str]:
        """The patterns of all resources (google.api.resource, AIP-123): `shelves/{shelf}/books/{book}`."""
        return [pattern for message in self._messages() for pattern in option(message, resource_pb2.resource).pattern]

    def resource(self, resource_type: str) -> Descriptor | None:
        """The message of a resource type, `bookstore.dev/Book`; None where it is not among these."""
        messages = (message for message in self._messages() if resource_type)
        return next((each for each in messages if option(each, resource_pb2.resource).type == resource_type), None)

    def _messages(self) -> Iterator[Descriptor]:
        return (message for file in self._files for message in file.message_types_by_name.values())


def option(descriptor: DescriptorBase, extension: FieldDescriptor) -> Any:
    """The value of a custom option of an element; its default where it is not set."""
    # Generated stubs do not say what type an extension has.
    extensions: Any = descriptor.GetOptions().Extensions
    return extensions[extension]


def behaviors(field: FieldDescriptor) -> Collection[int]:
    """The field's google.api.field_behavior values (AIP-203)."""
    values: Collection[int] = option(field, field_behavior_pb2.field_behavior)
    return values


def _comments(file: FileDescriptorProto) -> Iterator[tuple[str, Comment]]:
    names = dict(_elements(file, (), file.package, _IN_FILE))
    for location in file.source_code_info.location:
        name = names.get(tuple(location.path))
        if name and location.leading_comments:
            yield name, _parsed(name, location.leading_comments)


def _parsed(name: str, comment: str) -> Comment:
    try:
        return parse(comment)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _elements(parent: Any, path: Path, scope: str, kinds: tuple[tuple[int, str], ...]) -> Iterator[tuple[Path, str]]:
    for number, attribute in kinds:
        for index, child in enumerate(getattr(parent, attribute, ())):
            name = f"{scope}.{child.name}"
            yield (*path, number, index), name
            yield from _elements(child, (*path, number, index), name, _IN_TYPE)
