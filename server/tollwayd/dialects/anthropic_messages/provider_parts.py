"""The parts of a streamed answer, from Anthropic's content blocks and their deltas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from tollway.proxy.v1.inference_pb2 import PartDelta, PartFinished, PartStarted, StreamGenerateResponse
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.dialects.anthropic_messages.provider_response import read_block

if TYPE_CHECKING:
    from tollway.proxy.v1.conversation_pb2 import Part

    Events = list[StreamGenerateResponse]


class BlockDelta(msgspec.Struct):
    """The `delta` of a content_block_delta event; of those types that are known here."""

    type: str = ""
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""


_DELTAS = {
    "text_delta": ("text", "text"),
    "input_json_delta": ("arguments", "partial_json"),
    "thinking_delta": ("reasoning", "thinking"),
    "signature_delta": ("signature", "signature"),
}
_CONTENT = {
    "text": (("text", "text"),),
    "tool_call": (("arguments", "arguments"),),
    "reasoning": (("reasoning", "text"), ("signature", "signature")),
}
"""The deltas that add to a kind of part, each with the member that it adds to."""

_TAKES = {kind: frozenset(delta for delta, _ in content) for kind, content in _CONTENT.items()}

MAX_OPEN_BLOCKS = 1_000
"""Blocks that have begun and not ended: Anthropic has one at a time, and each is kept until it ends."""

_EMPTY_OBJECT = re.compile(r"\{\s*\}")


class _OpenPart:
    """A part under way, of a kind that `_CONTENT` has. `silent` while it is a tool call without arguments."""

    __slots__ = ("index", "silent", "takes")

    def __init__(self, index: int, kind: str) -> None:
        self.index = index
        self.silent = kind == "tool_call"
        self.takes = _TAKES[kind]


class StreamParts:
    """Turns blocks into parts, which are numbered without gaps: blocks of types that are no parts lie between.

    A tool call that got no arguments ends late. To Anthropic it is a call with the empty object, unless the limit of
    tokens cut the answer right there, and that only shows in what follows the block.
    """

    __slots__ = ("_blocks", "_next", "_silent")

    def __init__(self) -> None:
        self._blocks: dict[int, _OpenPart | None] = {}
        self._next = 0
        self._silent: _OpenPart | None = None

    def start(self, block_index: int, raw: msgspec.Raw) -> Events:
        """The beginning of a block, after the end of one that has the same index and was left open.

        REASON_UPSTREAM_INVALID where too many are.
        """
        events = self.stop(block_index) + self._settle(cut=False)
        if len(self._blocks) == MAX_OPEN_BLOCKS:
            raise TollwayError(Reason.REASON_UPSTREAM_INVALID)
        block = read_block(raw)
        if block is None:
            self._blocks[block_index] = None
            return events
        part = block.part()
        kind = part.WhichOneof("kind")
        open_part = self._blocks[block_index] = _OpenPart(self._next, kind)
        self._next += 1
        return events + _opening(open_part, part, kind)

    def add(self, block_index: int, delta: BlockDelta) -> Events:
        """More of a block; REASON_UPSTREAM_INVALID if it has not begun, or is of a type that has no such content."""
        if block_index not in self._blocks:
            raise TollwayError(Reason.REASON_UPSTREAM_INVALID)
        open_part = self._blocks[block_index]
        if open_part is None or delta.type not in _DELTAS:
            return []
        kind, member = _DELTAS[delta.type]
        return _more(open_part, kind, getattr(delta, member))

    def stop(self, block_index: int) -> Events:
        """The end of a block."""
        open_part = self._blocks.pop(block_index, None)
        if open_part is None:
            return []
        if not open_part.silent:
            return [_end(open_part)]
        events = self._settle(cut=False)
        self._silent = open_part
        return events

    def stop_all(self, *, cut: bool) -> Events:
        """The end of what is still open; `cut` tells that the answer broke off there."""
        events: Events = []
        for block_index in list(self._blocks):
            events += self.stop(block_index)
        return events + self._settle(cut=cut)

    def _settle(self, *, cut: bool) -> Events:
        open_part, self._silent = self._silent, None
        if open_part is None:
            return []
        return [*([] if cut else _more(open_part, "arguments", "{}")), _end(open_part)]


def _opening(open_part: _OpenPart, part: Part, kind: str) -> Events:
    """The part's beginning, then as deltas what its block began with: a tool call that Anthropic's code execution makes
    has its whole input there."""
    content = getattr(part, kind)
    deltas = [(delta, getattr(content, member)) for delta, member in _CONTENT[kind]]
    for _, member in _CONTENT[kind]:
        content.ClearField(member)
    events = [StreamGenerateResponse(part_started=PartStarted(index=open_part.index, part=part))]
    for delta, text in deltas:
        if delta != "arguments" or not _EMPTY_OBJECT.fullmatch(text):
            events += _more(open_part, delta, text)
    return events


def _more(open_part: _OpenPart, kind: str, text: str) -> Events:
    if not text:
        return []
    if kind not in open_part.takes:
        raise TollwayError(Reason.REASON_UPSTREAM_INVALID)
    open_part.silent = False
    return [StreamGenerateResponse(part_delta=PartDelta(index=open_part.index, **{kind: text}))]


def _end(open_part: _OpenPart) -> StreamGenerateResponse:
    return StreamGenerateResponse(part_finished=PartFinished(index=open_part.index))
