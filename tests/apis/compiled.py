"""Protos of tests, compiled when a test asks for them, as none of what they declare belongs into `gen/`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

ROOT = Path(__file__).parents[2]
PROTOS = ROOT / "tests" / "protos"

IMPORTS = (ROOT, ROOT / "proto" / "third_party", Path(protoc.__file__).parent / "_proto")


def descriptor_set(*paths: Path, folder: Path | None = None, imports: bool = False) -> FileDescriptorSet:
    """The files' descriptors; with `imports` those of the files that they import, too.

    Paths are below the repository's root or, where one is given, below `folder`.
    """
    with TemporaryDirectory() as made:
        out = Path(made) / "set.binpb"
        flags = [f"-I{each}" for each in (*((folder,) if folder else ()), *IMPORTS)]
        flags += ["--include_imports"] if imports else []
        assert protoc.main(["protoc", *flags, f"--descriptor_set_out={out}", *map(str, paths)]) == 0
        return FileDescriptorSet.FromString(out.read_bytes())


def compile_proto(path: Path, folder: Path | None = None) -> None:
    """Adds a proto file to the default pool, which has to know the files that it imports."""
    (file,) = descriptor_set(path, folder=folder).file
    descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
