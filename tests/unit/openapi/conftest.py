"""A bookstore's descriptors and its OpenAPI document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from tollwayd.openapi.descriptors import Descriptors
from tollwayd.openapi.document import Wanted, document

HERE = Path(__file__).parent
THIRD_PARTY = HERE.parents[2] / "proto" / "third_party"
WELL_KNOWN = Path(protoc.__file__).parent / "_proto"


@pytest.fixture(scope="session")
def compile_proto(tmp_path_factory):
    def compile_proto(path: Path) -> Descriptors:
        out = tmp_path_factory.mktemp("descriptors") / "set.binpb"
        flags = [f"-I{path.parent}", f"-I{THIRD_PARTY}", f"-I{WELL_KNOWN}", f"--descriptor_set_out={out}"]
        assert protoc.main(["protoc", *flags, "--include_imports", "--include_source_info", path.name]) == 0
        return Descriptors(FileDescriptorSet.FromString(out.read_bytes()))

    return compile_proto


@pytest.fixture(scope="session")
def bookstore(compile_proto) -> Descriptors:
    return compile_proto(HERE / "bookstore.proto")


@pytest.fixture(scope="session")
def wanted() -> Wanted:
    return Wanted(
        "bookstore.v1",
        "Bookstore",
        servers=["https://books.example"],
        errors="bookstore.v1.Refusal",
        unseen=["*_BURNT"],
        domain="books.example",
    )


@pytest.fixture(scope="session")
def api(bookstore, wanted) -> dict[str, Any]:
    return document(bookstore, wanted)
