"""Events of a stream that say a text and nothing else, and are known without being read, as most are like the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tollway.proxy.v1.inference_pb2 import StreamGenerateResponse
from tollwayd.core.sse import parse, split
from tollwayd.dialects.text_mould import Mould

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from tollwayd.core.dialect import EventReader
    from tollwayd.proxy.canonical import Seen

KINDS: Final = frozenset({"text", "reasoning"})
"""The deltas that change nothing of how what follows is read or written."""

PATIENCE: Final = 8
"""Moulds that are made in vain: where every event differs, they are not worth their making."""

LARGEST: Final = 8 * 1024
"""Bytes of an event that a mould is made of, and which the stream then holds."""

_DECODER: Final = msgspec.json.Decoder(str)


def text_in(mould: Mould, raw: bytes) -> str | None:
    """The text of an event out of the mould, None of any other."""
    if (said := mould.text_in(raw)) is None:
        return None
    try:
        return _DECODER.decode(b'"%b"' % said)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def mould_of(raw: bytes, text: str, texts: re.Pattern[bytes]) -> Mould | None:
    """The mould of an event that was read as this text; `texts` as of its reader."""
    mould = Mould.of(raw, texts)
    return None if mould is None or text_in(mould, raw) != text else mould


class TypedEvents:
    """Reads one streamed answer into canonical events, and notes what has passed."""

    __slots__ = ("_index", "_kind", "_mould", "_patience", "_reader", "_seen")

    def __init__(self, reader: EventReader, seen: Seen) -> None:
        self._reader: Final = reader
        self._seen: Final = seen
        self._mould: Mould | None = None
        self._kind = ""
        self._index = 0
        self._patience = PATIENCE

    def feed(self, block: bytes) -> Sequence[StreamGenerateResponse]:
        """The events of a block of whole ones. Raises what the reader raises."""
        events: list[StreamGenerateResponse] = []
        read: list[StreamGenerateResponse] = []
        texts: list[str] = []
        for raw in split(block):
            if self._mould is None or (text := text_in(self._mould, raw)) is None:
                events += (these := self._read(raw))
                read += these
            elif text:
                self._patience = PATIENCE
                texts.append(text)
                events.append(event := StreamGenerateResponse())  # In half the time that it takes with arguments.
                delta = event.part_delta
                delta.index = self._index
                setattr(delta, self._kind, text)
        self._seen.add(read)
        self._seen.say(texts)
        return events

    def _read(self, raw: bytes) -> Sequence[StreamGenerateResponse]:
        if (sent := parse(raw)) is None:
            return ()
        read = self._reader.read(sent)
        self._mould = self._learned(raw, read[0]) if len(read) == 1 and self._patience else None
        return read

    def _learned(self, raw: bytes, event: StreamGenerateResponse) -> Mould | None:
        delta = event.part_delta
        kind = delta.WhichOneof("delta")
        if kind not in KINDS or len(raw) > LARGEST:
            return None
        self._patience -= 1
        self._kind, self._index = kind, delta.index
        return mould_of(raw, getattr(delta, kind), self._reader.texts)
