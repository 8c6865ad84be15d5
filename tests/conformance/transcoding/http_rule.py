"""The examples in the comment of google.api.HttpRule, as it is checked in: their protos, requests and messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pool

from tests.apis.compiled import ROOT, compile_proto
from tollwayd.core.chain import Chain
from tollwayd.rpc.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

HTTP_PROTO = ROOT / "proto" / "third_party" / "google" / "api" / "http.proto"

_BLOCK = re.compile(r"(?:^ {4}.*\n)*^ {4}service .*\n(?:^ {4}.*\n)+", re.MULTILINE)
_EXAMPLE = re.compile(r"- HTTP: `([^`]*)`\s+- gRPC: `([^`]*)`")
_PREAMBLE = 'syntax = "proto3";\npackage {package};\nimport "google/api/annotations.proto";\n'
_MESSAGE = "message Message { string text = 1; }\n"
"""What the comment declares once, and some of its later examples answer with."""


def comment() -> str:
    """The comment above HttpRule, without its slashes."""
    text = HTTP_PROTO.read_text()
    lines = text[text.index("// gRPC Transcoding\n") : text.index("message HttpRule {")].splitlines(keepends=True)
    return "".join(re.sub(r"^// ?", "", line) for line in lines)


@dataclass(frozen=True)
class Example:
    """`block` is the number of the services' declaration in the comment, the first is 1."""

    block: int
    http: str
    grpc: str


def examples() -> list[Example]:
    """Every example of the comment, in its order."""
    text = comment()
    starts = [block.start() for block in _BLOCK.finditer(text)]
    return [
        Example(sum(start < found.start() for start in starts), found[1], " ".join(found[2].split()))
        for found in _EXAMPLE.finditer(text)
    ]


def blocks() -> list[str]:
    """The declarations of the comment, each a service with its messages."""
    return [block[0] for block in _BLOCK.finditer(comment())]


def compile_block(block: str, package: str, folder: Path):
    """The service of a declaration, compiled into a package of its own."""
    path = folder / f"{package}.proto"
    path.write_text(_PREAMBLE.format(package=package) + block + ("" if "message Message {" in block else _MESSAGE))
    compile_proto(path, folder)
    return descriptor_pool.Default().FindServiceByName(f"{package}.Messaging")


class Messaging:
    """The servicer of any of them. `seen` are the calls' methods with their requests."""

    def __init__(self) -> None:
        self.methods = {}
        self.seen = []

    async def _answer(self, request, call):
        name = call.method.rpartition("/")[2]
        self.seen.append((name, request))
        return self.methods[call.method].response_class()

    GetMessage = UpdateMessage = _answer


def registry(service, servicer: Messaging) -> Registry:
    """The service's methods."""
    made = Registry()
    made.add(service, servicer, Chain([]))
    servicer.methods = {method.name: method for method in made}
    return made


def as_text_format(grpc: str) -> tuple[str, str]:
    """`Get(sub: Sub(a: "b"))` → `Get`, `sub {a: "b"}`: the method, and its message in text format."""
    name, _, arguments = grpc.partition("(")
    arguments = re.sub(r":\s*[A-Z]\w*\(", " {", arguments.removesuffix(")"))
    return name, arguments.replace(")", "}")
