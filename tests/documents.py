"""README.md and docs/*.md, as tests read them: their fenced blocks, and what is code between their words."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.running.gateway import ROOT

DOCUMENTS = ("README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")))

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REPLACED = re.compile(r"[a-z]+[-_]…|[0-9a-f]{8}…|127\.0\.0\.1:\d+")
_SPAN = re.compile(r"`([^`\n]+)`")


class Block(NamedTuple):
    """A fenced block; `language` is empty where the fence names none."""

    document: str
    language: str
    text: str


def read(document: str) -> str:
    return (ROOT / document).read_text()


def blocks(document: str, language: str = "") -> list[Block]:
    """The document's fenced blocks in their order, of one language or of any."""
    found = [Block(document, *match.groups()) for match in _FENCED.finditer(read(document))]
    return [block for block in found if not language or block.language == language]


def spans(document: str) -> list[str]:
    """Code within the document's prose and tables."""
    return _SPAN.findall(_FENCED.sub("", read(document)))


def pasteable(text: str, values: dict[str, str]) -> str:
    """The text with its placeholders (`sk-…`) and addresses (`127.0.0.1:8080`) replaced, every one that it has."""
    assert set(_REPLACED.findall(text)) == values.keys()
    return _REPLACED.sub(lambda found: values[found[0]], text)
