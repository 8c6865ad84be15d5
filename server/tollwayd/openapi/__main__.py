"""`python -m tollwayd.openapi`: writes the OpenAPI document of one package to standard output."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tollwayd.openapi.descriptors import Descriptors
from tollwayd.openapi.document import Wanted, document


def main() -> None:
    """Reads a descriptor set, and prints a document."""
    options = vars(_parser().parse_args())
    descriptors = Descriptors(FileDescriptorSet.FromString(options.pop("descriptors").read_bytes()))
    json.dump(document(descriptors, Wanted(**options)), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m tollwayd.openapi", description=__doc__)
    parser.add_argument("--descriptors", type=Path, required=True, help="a FileDescriptorSet with imports and comments")
    parser.add_argument("--package", required=True, help="the protobuf package: bookstore.v1")
    parser.add_argument("--title", required=True, help="the API's name")
    parser.add_argument(
        "--server", dest="servers", action="append", default=[], help="a URL of the API; without, the document's own"
    )
    parser.add_argument("--errors", default="", help="the enum of error reasons: bookstore.v1.Reason")
    parser.add_argument(
        "--unseen", action="append", default=[], help="reasons that no caller of this API is told: 'STOCK_*'"
    )
    parser.add_argument("--domain", default="", help="the domain of google.rpc.ErrorInfo: books.example")
    return parser


if __name__ == "__main__":
    main()
