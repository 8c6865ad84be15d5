"""A FileDescriptorSet, as `protoc --include_imports` and `buf build` write it, in a descriptor pool of its own."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Final

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

_OF_ERRORS: Final = (status_pb2.Status.DESCRIPTOR, error_details_pb2.ErrorInfo.DESCRIPTOR)
"""What errors are made of (AIP-193): every gRPC server may send it, though its protos need not name it."""


class DescriptorSet:
    """The types of a serialized set, its `files`, each behind those that it imports, and its `services` by full name.
    ValueError says what is wrong with the set.
    """

    def __init__(self, data: bytes) -> None:
        self.pool: Final = DescriptorPool()
        self.files: Final = _in_order(_files(data))
        try:
            for file in self.files:
                self.pool.AddSerializedFile(file.SerializeToString())
            for message in _OF_ERRORS:
                if not self._has(message.full_name):
                    self._add(message.file)
        except TypeError as error:
            raise ValueError(f"its files do not fit together: {error}") from None
        self.services: Final = {service.full_name: service for service in self._services()}

    def _services(self) -> Iterator[ServiceDescriptor]:
        for file in self.files:
            yield from self.pool.FindFileByName(file.name).services_by_name.values()

    def _has(self, name: str) -> bool:
        try:
            self.pool.FindMessageTypeByName(name)
        except KeyError:
            return False
        return True

    def _add(self, file: FileDescriptor) -> None:
        try:
            self.pool.FindFileByName(file.name)
        except KeyError:
            for imported in file.dependencies:
                self._add(imported)
            self.pool.AddSerializedFile(file.serialized_pb)


def _files(data: bytes) -> dict[str, FileDescriptorProto]:
    try:
        files = {file.name: file for file in FileDescriptorSet.FromString(data).file}
    except DecodeError:
        files = {}
    if not all(files):
        files = {}
    if not files:
        raise ValueError(
            "it is not a descriptor set; make one with `buf build -o FILE` or `protoc --include_imports "
            "--descriptor_set_out=FILE`"
        )
    return files


def _in_order(files: dict[str, FileDescriptorProto]) -> list[FileDescriptorProto]:
    """The files, each behind those that it imports, as a pool wants them."""
    for file in files.values():
        if missing := [name for name in file.dependency if name not in files]:
            raise ValueError(
                f"it lacks {missing[0]}, which {file.name} imports; make it with `buf build`, or give protoc "
                "--include_imports"
            )
    try:
        names = list(TopologicalSorter({name: file.dependency for name, file in files.items()}).static_order())
    except CycleError:
        raise ValueError("its files import one another in a circle") from None
    return [files[name] for name in names]
