"""A streamed answer out of a provider's dialect into its caller's, by the canonical events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tollwayd.core.sse import parse, split
from tollwayd.proxy.canonical import Seen
from tollwayd.proxy.lone_texts import KINDS, LARGEST, PATIENCE, mould_of, text_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tollway.proxy.v1.inference_pb2 import StreamGenerateResponse, Usage
    from tollwayd.core.call import Exchange
    from tollwayd.core.dialect import EventReader, EventWriter
    from tollwayd.dialects.text_mould import Mould

_PART: Final = 4 * 1024
"""Bytes of a block that are looked through at once: what is left of them is looked at again at each change of cast."""

_TEXTS_DECODER: Final = msgspec.json.Decoder(list[str])
_encode: Final = msgspec.json.encode


class _Cast(NamedTuple):
    """An event that says a text, as its provider wrote it, and around its text as its caller gets it."""

    mould: Mould
    head: bytes
    tail: bytes


class Translation:
    """One streamed answer. An event that differs from the last one in its text alone is written as that was, around the
    text: a twentieth of the work that reading and writing it is."""

    __slots__ = ("_cast", "_patience", "_seen", "_writer", "reader")

    def __init__(self, exchange: Exchange, reader: EventReader, writer: EventWriter) -> None:
        self.reader: Final = reader
        self._writer: Final = writer
        self._seen: Final = Seen(exchange, reader)
        self._cast: _Cast | None = None
        self._patience = PATIENCE

    def feed(self, block: bytes) -> bytes:
        """What the caller gets of a block of whole events. Raises the provider's error within the stream, and what the
        reader and the writer raise."""
        events: list[StreamGenerateResponse] = []
        texts: list[str] = []
        if (piece := self._recast(block, texts)) is None:
            piece = b"".join([each for part in _parts(block) for each in self._pieces(part, events, texts)])
        self._seen.add(events)
        self._seen.say(texts)
        return piece

    def finish(self) -> bytes:
        """What is left of the provider's events when its stream has ended well."""
        events = self.reader.end()
        self._seen.add(events)
        return self._written(events)

    def end(self) -> bytes:
        """What ends the answer to the caller, where that has not been said."""
        return self._writer.end()

    def usage(self) -> Usage:
        """The usage, or what it is estimated to be so far."""
        return self._seen.usage()

    def _pieces(self, block: bytes, events: list[StreamGenerateResponse], texts: list[str]) -> Iterator[bytes]:
        """What the caller gets of a block, event by event, or by runs of those that are like the one before."""
        piece, at = self._recast_run(block, texts)
        yield piece
        while at < len(block):
            cast = self._cast
            for raw in split(block[at:]):
                at += len(raw)
                yield self._translated(raw, events, texts)
                if self._cast is not cast:
                    break
            piece, length = self._recast_run(block[at:], texts)
            yield piece
            at += length

    def _translated(self, raw: bytes, events: list[StreamGenerateResponse], texts: list[str]) -> bytes:
        if (piece := self._recast(raw, texts)) is not None:
            return piece
        if (sent := parse(raw)) is None:
            return b""
        read = self.reader.read(sent)
        events += read
        piece = self._written(read)
        self._cast = self._learned(raw, read[0], piece) if len(read) == 1 and self._patience else None
        return piece

    def _written(self, events: Sequence[StreamGenerateResponse]) -> bytes:
        return b"".join(map(self._writer.write, events))

    def _recast(self, raw: bytes, texts: list[str]) -> bytes | None:
        """An event as the caller gets it, if it differs from the last one in its text alone; notes the text."""
        if (cast := self._cast) is None or (text := text_in(cast.mould, raw)) is None:
            return None
        self._patience = PATIENCE
        if not text:
            return b""
        texts.append(text)
        return cast.head + _encode(text) + cast.tail

    def _recast_run(self, block: bytes, texts: list[str]) -> tuple[bytes, int]:
        """The same for the events that a block begins with, as long as it is several; and where they end, else 0."""
        if (cast := self._cast) is None or not (run := cast.mould.run_in(block))[1]:
            return b"", 0
        said = [text for text in run[0] if text]
        try:
            read = _TEXTS_DECODER.decode(b'["%b"]' % b'","'.join(said)) if said else []
        except (msgspec.DecodeError, UnicodeDecodeError):
            return b"", 0
        self._patience = PATIENCE
        texts += read
        return b"".join([cast.head + _encode(text) + cast.tail for text in read]), run[1]

    def _learned(self, raw: bytes, event: StreamGenerateResponse, piece: bytes) -> _Cast | None:
        delta = event.part_delta
        kind = delta.WhichOneof("delta")
        if kind not in KINDS or len(raw) > LARGEST:
            return None
        self._patience -= 1
        said = _encode(getattr(delta, kind))
        mould = mould_of(raw, getattr(delta, kind), self.reader.texts)
        if mould is None or piece.count(said) != 1:
            return None
        head, _, tail = piece.partition(said)
        return _Cast(mould, head, tail)


def _parts(block: bytes) -> Iterator[bytes]:
    """A block in parts of whole events."""
    start = 0
    while len(block) - start > _PART and (blank := block.find(b"\n\n", start + _PART)) >= 0:
        yield block[start : blank + 2]
        start = blank + 2
    yield block[start:]
