"""A kind of resource: what of it is stored, and what of that callers see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from google.protobuf.message import Message

from tollwayd.admin.resources.etag import format_etag

if TYPE_CHECKING:
    from collections.abc import Callable

    from tollwayd.core.ports import Resource

__all__ = ["Kind", "RecordT", "ResourceT"]

RecordT = TypeVar("RecordT", bound=Message)
"""What the store keeps."""

ResourceT = TypeVar("ResourceT", bound=Message)
"""What callers see: the record itself or a part of it, with `name`, `create_time`, `update_time` and `etag`."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[RecordT, ResourceT]):
    """`name` is the collection's segment in resource names (`apiKeys`), `field` what requests call one (`apiKey`)."""

    name: str
    field: str
    record: type[RecordT]
    resource: type[ResourceT]
    resource_of: Callable[[RecordT], ResourceT]

    def read(self, stored: Resource) -> RecordT:
        """The record that the store gave."""
        return self.record.FromString(stored.record)

    def shown(self, stored: Resource) -> ResourceT:
        """The resource as callers see it, with its etag."""
        resource = self.resource_of(self.read(stored))
        resource.etag = format_etag(stored.version)  # type: ignore[attr-defined]  # every resource has one
        return resource
