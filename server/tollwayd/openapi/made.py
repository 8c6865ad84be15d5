"""The document of an API that nobody has written for this emitter: its comments need not keep to our convention."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import orjson
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tollwayd.openapi.descriptors import Descriptors
from tollwayd.openapi.document import Wanted, document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.descriptor import ServiceDescriptor
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

_log = logging.getLogger(__name__)


def made_document(files: Sequence[FileDescriptorProto], services: Sequence[ServiceDescriptor]) -> bytes:
    """The OpenAPI document of these services as JSON. Without its comments where an example in them cannot be read."""
    whole = FileDescriptorSet(file=files)
    packages = sorted({service.file.package for service in services})
    wanted = Wanted("", ", ".join(packages), [service.full_name for service in services], open=True)
    try:
        made: dict[str, Any] = document(Descriptors(whole), wanted)
    except ValueError as error:
        _log.warning("the OpenAPI document is made without comments: %s", error)
        for file in whole.file:
            file.ClearField("source_code_info")
        made = document(Descriptors(whole), wanted)
    return orjson.dumps(made)
