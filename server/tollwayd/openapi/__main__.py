"""`python -m tollwayd.openapi`: writes the OpenAPI document of one package to standard output."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tollwayd.openapi.descriptors import Descriptors
from tollwayd.openapi.document import document


def main() -> None:
    """Reads a descriptor set, and prints a document."""
    parser = ArgumentParser(prog="python -m tollwayd.openapi", description=__doc__)
    parser.add_argument("--descriptors", type=Path, required=True, help="a FileDescriptorSet with imports and comments")
    parser.add_argument("--package", required=True, help="the protobuf package: bookstore.v1")
    parser.add_argument("--title", required=True, help="the API's name")
    parser.add_argument("--server", action="append", default=[], help="a URL where the API is served")
    parser.add_argument("--errors", default="", help="the enum of error reasons: bookstore.v1.Reason")
    options = parser.parse_args()
    descriptors = Descriptors(FileDescriptorSet.FromString(options.descriptors.read_bytes()))
    made = document(descriptors, options.package, title=options.title, servers=options.server, errors=options.errors)
    json.dump(made, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
