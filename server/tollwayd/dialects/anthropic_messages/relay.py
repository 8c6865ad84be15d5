"""The short way between a caller and a provider who both speak Anthropic's dialect: its bytes, read only for usage."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import msgspec

from tollwayd.core import sse
from tollwayd.core.dialect import Said
from tollwayd.dialects import json_body
from tollwayd.dialects.anthropic_messages.provider_error import stream_error
from tollwayd.dialects.anthropic_messages.usage import UsageTally
from tollwayd.dialects.anthropic_messages.usage_said import UsageSaid  # noqa: TC001 (msgspec reads annotations)
from tollwayd.dialects.said_text import SaidText, pattern
from tollwayd.dialects.unquoted import unquoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollway.proxy.v1.inference_pb2 import Usage
    from tollwayd.core.dialect import Envelope
    from tollwayd.core.errors import TollwayError


class _Answer(msgspec.Struct):
    usage: UsageSaid | None = None


class _OddAnswer(msgspec.Struct):
    usage: Any = None


class _Event(msgspec.Struct):
    type: str = ""
    message: Any = None
    usage: Any = None
    error: Any = None


_ANSWER = msgspec.json.Decoder(_Answer)
_ODD_ANSWER = msgspec.json.Decoder(_OddAnswer)
_EVENT = msgspec.json.Decoder(_Event)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_SAID = pattern("text", "thinking", "partial_json")


def relay_request(envelope: Envelope, model: str) -> bytes:
    """The caller's body with the provider's model name in its place."""
    return json_body.encode({**envelope.fields, "model": model})


def read_usage(body: bytes) -> Usage | None:
    """The usage in a whole answer; None where it names none."""
    try:
        said = _ANSWER.decode(body).usage
        if said is None:
            return None
        return said.usage() if said.iterations is None else _read_odd_usage(body)
    except msgspec.ValidationError:
        return _read_odd_usage(body)
    except _UNREADABLE:
        return None


def _read_odd_usage(body: bytes) -> Usage | None:
    try:
        return UsageTally().add(_ODD_ANSWER.decode(body).usage)
    except _UNREADABLE:
        return None


def said(body: bytes) -> Said:
    """How much a whole answer says; of calls of tools, whose arguments are no text there, nothing."""
    texts = SaidText(_SAID, _sum)
    texts.add(body)
    return texts.said()


def _sum(found: Mapping[bytes, Said]) -> Said:
    return reduce(Said.plus, found.values(), Said())


class AnthropicRelayStream:
    """Passes one streamed answer on untouched, but for a credential in its error."""

    __slots__ = ("_credential", "_said", "_tally", "complete", "done", "error", "usage", "usage_due")

    def __init__(self, credential: str = "") -> None:
        self._credential = credential
        self._said = SaidText(_SAID, _sum)
        self._tally = UsageTally()
        self.usage: Usage | None = None
        self.complete = False
        self.done = False
        self.usage_due = False
        self.error: TollwayError | None = None

    def feed(self, block: bytes) -> bytes:
        """The block itself; of one with an error what may be passed on."""
        if self._said.takes(block):
            return block
        if block.find(b"\n\n") + 2 == len(block):
            return self._look_at(block)
        return b"".join([part if taken else self._look_at(part) for part, taken in self._said.parts(block)])

    def _look_at(self, block: bytes) -> bytes:
        self._said.add(block)
        if b'"content_block_st' in block:
            self.usage_due = block.rfind(b'"content_block_stop"') > block.rfind(b'"content_block_start"')
        if _is_telling(block):
            if b'"error"' in block:
                block = unquoted(self._credential, block)
            for raw in sse.split(block):
                if _is_telling(raw) and (event := sse.parse(raw)):
                    self._read(event.data)
        elif b'"content_block_delta"' in block:
            self._said.learn(block)
        return block

    def said(self) -> Said:
        """How much the model has said so far."""
        return self._said.said()

    @property
    def terms(self) -> str:
        """As `Usage.terms`, of what has passed so far."""
        return "" if self.usage is None else self.usage.terms

    def _read(self, data: bytes) -> None:
        try:
            event = _EVENT.decode(data)
        except _UNREADABLE:
            return  # It passes on as it is; a caller that cannot read it either sees what the provider sent.
        if event.type == "message_start" and isinstance(event.message, dict):
            self.usage = self._tally.add(event.message.get("usage")) or self.usage
        elif event.type == "message_delta":
            self.usage = self._tally.add(event.usage) or self.usage
        elif event.type == "message_stop":
            self.complete = self.done = True
            self.usage_due = False
        elif event.type == "error":
            self.error = stream_error(event.error)


def _is_telling(raw: bytes) -> bool:
    """Whether there may be an event in it that tells usage, end or error. JSON escapes quotes within strings, so what
    a model writes cannot look like one."""
    return b'"message_' in raw or b'"error"' in raw
