"""The short way: a caller and a provider that both speak OpenAI's chat completions. The bytes pass."""

from __future__ import annotations

import re
from collections.abc import Sequence  # noqa: TC003 (msgspec reads annotations at run time)
from functools import reduce
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw, Struct

from tollwayd.core import sse
from tollwayd.core.dialect import Said
from tollwayd.dialects.json_body import encode
from tollwayd.dialects.openai_chat import usage
from tollwayd.dialects.openai_chat.answer_shapes import METERED_ANSWER
from tollwayd.dialects.openai_chat.provider_error import stream_error
from tollwayd.dialects.openai_chat.service_tier import terms_said
from tollwayd.dialects.openai_chat.stream_options import asking_usage, asks_usage
from tollwayd.dialects.said_text import SaidText, pattern
from tollwayd.dialects.unquoted import unquoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollway.proxy.v1.inference_pb2 import Usage
    from tollwayd.core.dialect import Envelope
    from tollwayd.core.errors import TollwayError


class _Metered(Struct):
    usage: usage.UsageSaid | None = None
    service_tier: Any = None


class _OddlyMetered(Struct):
    usage: Any = None
    service_tier: Any = None


class _Choice(Struct):
    index: int | None = None
    finish_reason: str | None = None


class _Chunk(Struct):
    choices: Sequence[_Choice] | None = None


_METERED = msgspec.json.Decoder(_Metered)
_ODDLY_METERED = msgspec.json.Decoder(_OddlyMetered)
_CHUNK = msgspec.json.Decoder(_Chunk)
_COUNT = msgspec.json.Decoder(int)
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

# These look at bytes without reading the JSON around them. They cannot be misled by what a model says: within a JSON
# string every quote is escaped and no line ends.
_NULL_USAGE = re.compile(rb',\s*"usage"\s*:\s*null')
_USAGE = re.compile(rb'"usage"\s*:\s*\{')
_ERROR = re.compile(rb'"error"\s*:\s*["{]')
# An empty word is no end: there are servers that put one into every chunk.
_FINISH = re.compile(rb'"finish_reason"\s*:\s*"[^"]')
_TIER = re.compile(rb'"service_tier"\s*:\s*"([^"]{1,64})"')
# A line's beginning is looked for behind what is rare: a block of 64 chunks takes 5 µs so, and 210 the other way round.
_DONE = re.compile(rb"\[DONE\](?:(?<=(?<![^\r\n])data: \[DONE\])|(?<=(?<![^\r\n])data:\[DONE\]))")

_THOUGHTS = (b"reasoning_content", b"reasoning", b"text")
_SAID = pattern("content", "refusal", "arguments", *(name.decode() for name in _THOUGHTS))


def relay_request(envelope: Envelope, model: str) -> bytes:
    """The caller's body with the provider's model name; of a stream, usage is asked for as well."""
    fields = {**envelope.fields, "model": model}
    return msgspec.json.encode(asking_usage(fields) if envelope.stream else fields)


def read_usage(body: bytes) -> Usage | None:
    """The usage in a whole answer; None where it names none, or cannot be read."""
    try:
        answer = _METERED.decode(body)
        if answer.usage is None:
            return None
        return answer.usage.usage("" if answer.service_tier is None else terms_said(answer.service_tier))
    except msgspec.ValidationError:
        return _read_odd_usage(body)
    except _UNREADABLE:
        return None


def _read_odd_usage(body: bytes) -> Usage | None:
    try:
        answer = _ODDLY_METERED.decode(body)
        return usage.read_usage(answer.usage, terms_said(answer.service_tier))
    except _UNREADABLE:
        return None


def said(body: bytes) -> Said:
    """How much a whole answer says."""
    texts = SaidText(_SAID, _sum)
    texts.add(body)
    return texts.said()


def _sum(found: Mapping[bytes, Said]) -> Said:
    """Servers that say a thought twice do so under two names."""
    thoughts = max((found[name] for name in _THOUGHTS if name in found), default=Said())
    return reduce(Said.plus, [said for name, said in found.items() if name not in _THOUGHTS], thoughts)


class RelayStream:
    """Passes one streamed answer on, and takes the usage out again where the caller did not ask for it.

    `complete` is true from `[DONE]` on, or from the `finish_reason` of the last choice that was asked for: there are
    compatible servers that never send the former. `usage_due` is from then on, until usage or `[DONE]` has come.
    """

    __slots__ = (
        "_asked",
        "_credential",
        "_finished",
        "_null_usage",
        "_said",
        "_takes_out",
        "complete",
        "done",
        "error",
        "terms",
        "usage",
        "usage_due",
    )

    def __init__(self, envelope: Envelope, credential: str = "") -> None:
        self._credential = credential
        self._asked = _choices_asked(envelope.fields)
        self._finished: set[int] = set()
        self._said = SaidText(_SAID, _sum)
        self._takes_out = not asks_usage(envelope.fields)
        self._null_usage = b""
        self.usage: Usage | None = None
        self.terms = ""
        self.complete = False
        self.done = False
        self.usage_due = False
        self.error: TollwayError | None = None

    def feed(self, block: bytes) -> bytes:
        """The block without unasked usage. Most blocks cost a few searches, and none of their JSON is read."""
        if self._said.takes(block):
            return self._plain(block)
        if block.find(b"\n\n") + 2 == len(block):
            piece = self._look_at(block)
        else:
            parts = self._said.parts(block)
            piece = b"".join([self._plain(part) if taken else self._look_at(part) for part, taken in parts])
        self.usage_due = self.complete and self.usage is None and not self.done
        return piece

    def _plain(self, block: bytes) -> bytes:
        return block.replace(self._null_usage, b"") if self._null_usage else block

    def _look_at(self, block: bytes) -> bytes:
        self._said.add(block)
        if not self.terms and b'"service_tier"' in block and (tier := _TIER.search(block)):
            self.terms = terms_said(tier[1].decode(errors="replace"))
        if finishes := not self.complete and _FINISH.search(block) is not None:
            self._count_finished(block)
        if _DONE.search(block):
            self.complete = self.done = True
        if fails := b'"error"' in block and _ERROR.search(block) is not None:
            block = unquoted(self._credential, block)
            self._read_error(block)
        meters = b'"usage"' in block and _USAGE.search(block) is not None
        if not (finishes or fails or meters or self.complete):
            self._learn(block)
        if self._takes_out and b'"usage"' in block:
            # OpenAI puts it into every chunk but the last: too often for reading and writing each of them.
            block = _NULL_USAGE.sub(b"", block)
        return self._meter(block) if meters else block

    def said(self) -> Said:
        """How much the model has said so far, in all choices."""
        return self._said.said()

    def _learn(self, block: bytes) -> None:
        if self._said.learn(block):
            null_usage = _NULL_USAGE.search(block) if self._takes_out else None
            self._null_usage = null_usage[0] if null_usage else b""

    def _count_finished(self, block: bytes) -> None:
        if self._asked > 1:
            self._finished.update(index for raw in sse.split(block) for index in _finished_in(raw))
        self.complete = self._asked <= max(1, len(self._finished))

    def _meter(self, block: bytes) -> bytes:
        start = sse.beginning(block, block.find(b'"usage"'))
        metered = (self._meter_event(raw) if _USAGE.search(raw) else raw for raw in sse.split(block[start:]))
        return block[:start] + b"".join(metered)

    def _meter_event(self, raw: bytes) -> bytes:
        event = sse.parse(raw)
        try:
            answer = METERED_ANSWER.decode(event.data if event else b"")
        except _UNREADABLE:
            return raw  # It passes as it is; the caller sees what the provider sent.
        self.terms = terms_said(answer.service_tier) or self.terms
        self.usage = usage.read_usage(answer.usage_said(), self.terms) or self.usage
        if answer.usage is None or not self._takes_out or event is None:
            return raw
        return (_without_usage(event) or raw) if answer.choices else b""

    def _read_error(self, block: bytes) -> None:
        for raw in sse.split(block):
            event = sse.parse(raw)
            try:
                error = METERED_ANSWER.decode(event.data).error if event else None
            except _UNREADABLE:
                continue
            if error:
                self.error = stream_error(error)


def _choices_asked(fields: Mapping[str, Any]) -> int:
    try:
        return _COUNT.decode(fields["n"]) if "n" in fields else 1
    except _UNREADABLE:
        return 1  # Null, or for the provider to refuse.


def _finished_in(raw: bytes) -> list[int]:
    """The choices that end in an event."""
    event = sse.parse(raw)
    try:
        choices = _CHUNK.decode(event.data).choices if event else None
    except _UNREADABLE:
        return []
    return [choice.index or 0 for choice in choices or () if choice.finish_reason]


def _without_usage(event: sse.ServerSentEvent) -> bytes | None:
    """The event without its usage; None where it has members whose names nobody can read."""
    try:
        fields = _FIELDS.decode(event.data)
    except _UNREADABLE:
        return None
    del fields["usage"]
    name = f"event: {event.name}\n".encode() if event.name else b""
    return name + b"data: " + encode(fields) + b"\n\n"
