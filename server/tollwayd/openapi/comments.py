"""What a proto comment says: prose, and examples after the convention of docs/openapi.md."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FOR_TOOLS: Final = "buf:lint:"
"""Comment lines that begin so speak to a linter, not to a reader."""

_EXAMPLE: Final = "Example: "
_FENCE: Final = "```"
_WRAP: Final = re.compile(r"\n(?!- ) *")
"""A line's end that is no item's beginning: it only wraps."""


class Block(NamedTuple):
    """A fenced block: the language that its fence names, `json`, and its text."""

    language: str
    text: str


class Comment(NamedTuple):
    """A comment: `text` is Markdown, `example` what stands behind `Example: `; both are empty where there is none.

    `blocks` are the fenced blocks by their role, the second word of the fence: `request`, `response`, or empty.
    """

    text: str = ""
    example: str = ""
    blocks: Mapping[str, Block] = {}


def parse(comment: str) -> Comment:
    """A comment as protoc hands it on, without its slashes. ValueError where a fence is not closed."""
    lines = iter([line.removeprefix(" ").rstrip() for line in comment.splitlines()])
    prose: list[str] = []
    blocks: dict[str, Block] = {}
    example = ""
    for line in lines:
        if line.startswith(_FENCE):
            language, _, role = line.removeprefix(_FENCE).partition(" ")
            blocks[role] = Block(language, "\n".join(_until_fence(lines)))
        elif line.startswith(_EXAMPLE):
            example = line.removeprefix(_EXAMPLE)
        elif not line.startswith(_FOR_TOOLS):
            prose.append(line)
    return Comment(_markdown("\n".join(prose)), example, blocks)


def _until_fence(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith(_FENCE):
            return
        yield line
    raise ValueError("a fenced block is not closed")


def _markdown(text: str) -> str:
    """Lines that only wrap are joined; blank lines part paragraphs, and list items keep lines of their own."""
    paragraphs = re.split(r"\n{2,}", text.strip())
    return "\n\n".join(_WRAP.sub(" ", paragraph) for paragraph in paragraphs)
