"""Rules of API design over protobuf descriptors: what a rule is, and the API that it is asked about."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from google.api import resource_pb2
from google.protobuf.descriptor import EnumValueDescriptor, FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from tollwayd.openapi.descriptors import Descriptors, option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from google.protobuf.descriptor import Descriptor

ROOT = Path(__file__).parents[3]
PROTO = ROOT / "proto"
WELL_KNOWN = Path(protoc.__file__).parent / "_proto"


class Violation(NamedTuple):
    """Where a rule is broken, and how."""

    rule: str
    element: str
    problem: str


@dataclass(frozen=True)
class Rule:
    """What every element of a kind has to keep to. `check` takes one and the API, and yields a problem at a time."""

    kind: str
    check: Callable[[Any, Api], Iterator[str]]
    where: Callable[[Any, Api], bool]

    @property
    def name(self) -> str:
        return self.check.__name__

    @property
    def text(self) -> str:
        return inspect.getdoc(self.check) or ""

    def violations(self, api: Api) -> list[Violation]:
        """Every place in the API where the rule is broken."""
        return [
            Violation(self.name, name_of(element), problem)
            for element in getattr(api, self.kind)
            if self.where(element, api)
            for problem in self.check(element, api)
        ]


def rule(kind: str, where: Callable[[Any, Api], bool] = lambda _element, _api: True) -> Callable[[Any], Rule]:
    """Makes a function a rule about the elements of a kind, a property of Api, for which `where` holds."""
    return lambda check: Rule(kind, check, where)


class Api:
    """The elements of a descriptor set's own files, by kind; what these only import is none of its business."""

    def __init__(self, files: FileDescriptorSet, own: Iterable[str]) -> None:
        self._described = Descriptors(files)
        self.files = [self._described.pool.FindFileByName(name) for name in sorted(own)]
        top = [message for file in self.files for message in file.message_types_by_name.values()]
        self.messages = [each for message in top for each in _with_nested(message)]
        self.fields = [field for message in self.messages for field in message.fields]
        # The compiler makes a oneof of its own, named with an underscore, for every `optional` field.
        oneofs = [oneof for message in self.messages for oneof in message.oneofs]
        self.oneofs = [oneof for oneof in oneofs if not oneof.name.startswith("_")]
        enums = [enum for file in self.files for enum in file.enum_types_by_name.values()]
        self.enums = enums + [enum for message in self.messages for enum in message.enum_types]
        self.values = [value for enum in self.enums for value in enum.values]
        self.services = [service for file in self.files for service in file.services_by_name.values()]
        self.methods = [method for service in self.services for method in service.methods]

    def comment(self, element: Any) -> str:
        """The comment above an element; empty where there is none."""
        return self._described.comment(name_of(element))

    @cached_property
    def resources(self) -> list[Descriptor]:
        """The messages that are resources (AIP-123)."""
        return [message for message in self.messages if resource_of(message).type]

    @cached_property
    def documented(self) -> list[Any]:
        """All that has to have a comment."""
        kinds = (self.messages, self.fields, self.oneofs, self.enums, self.values, self.services, self.methods)
        return [element for kind in kinds for element in kind]


def resource_of(message: Descriptor) -> resource_pb2.ResourceDescriptor:
    """The message's google.api.resource; without a type where it is none."""
    return option(message, resource_pb2.resource)


def name_of(element: Any) -> str:
    """An element's full name, a file's path. Enum values: `package.Enum.VALUE`."""
    if isinstance(element, FileDescriptor):
        return element.name
    if isinstance(element, EnumValueDescriptor):
        return f"{element.type.full_name}.{element.name}"
    return element.full_name


def compile_api(*folders: Path, own: Iterable[str]) -> Api:
    """The API of the protos with the names `own`, which are relative to one of the folders."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "set.binpb"
        paths = [f"-I{path}" for path in (*folders, PROTO / "third_party", WELL_KNOWN)]
        flags = ["--include_imports", "--include_source_info", f"--descriptor_set_out={out}"]
        assert protoc.main(["protoc", *paths, *flags, *own]) == 0
        return Api(FileDescriptorSet.FromString(out.read_bytes()), own)


def _with_nested(message: Descriptor) -> Iterator[Descriptor]:
    if not message.GetOptions().map_entry:
        yield message
        for nested in message.nested_types:
            yield from _with_nested(nested)
