"""A reply: everything that goes onto the wire for one call, made before its first byte is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import UNSET

from tollwayd.mock.dialect import encode
from tollwayd.mock.exchange import Failure, say
from tollwayd.mock.script import Answer, Error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tollwayd.mock.dialect import Dialect
    from tollwayd.mock.exchange import Asked
    from tollwayd.mock.recording import Recording
    from tollwayd.mock.script import Fault

GARBAGE = b'\x00\xff\xfe<html>\xc3(\r\n\r\n}data{"'
"""Bytes that are no JSON, no event, no UTF-8 and no status line."""

_JSON = "application/json"


class Strike(NamedTuple):
    """A fault on the wire: its kind, and its offset in the body; None is before the status line."""

    kind: str
    at: int | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send, and how. `pieces` make the body, one event of a stream each; `manner` has its times and splits."""

    status: int
    headers: Mapping[str, str]
    pieces: Sequence[bytes]
    streamed: bool
    manner: Answer
    strike: Strike | None = None


class Composer:
    """Makes the replies of one call: `number` counts the provider's calls."""

    def __init__(self, dialect: Dialect, number: int) -> None:
        self._dialect = dialect
        self._number = number

    def refuse(self, failure: Failure) -> Reply:
        """The vendor's error for a request that it would not serve."""
        return self._failed(Answer(), failure)

    def compose(self, asked: Asked, answer: Answer, recording: Recording | None, models: Sequence[str]) -> Reply:
        """The reply that a script's answer comes to for this request."""
        if recording:
            return self._played(asked, answer, recording)
        if answer.body is not UNSET:
            return self._reply(answer, [_raw(answer.body)], _JSON)
        if failure := _failure(answer):
            begun = asked.stream and answer.error_after is not None
            return self._broken_off(asked, answer, failure) if begun else self._failed(answer, failure)
        if asked.operation == "list_models":
            return self._reply(answer, [encode(self._dialect.listing(models))], _JSON)
        said = say(answer, asked, self._number)
        if not asked.stream:
            return self._reply(answer, [encode(self._dialect.whole(said))], _JSON)
        return self._stream(asked, answer, self._dialect.lines(said))

    def _played(self, asked: Asked, answer: Answer, recording: Recording) -> Reply:
        if recording.kind == "lines":
            return self._stream(asked, answer, recording.pieces)
        return self._reply(answer, recording.pieces, recording.content_type, streamed=recording.kind == "events")

    def _failed(self, answer: Answer, failure: Failure) -> Reply:
        return self._reply(answer, [encode(self._dialect.error(failure))], _JSON, status=failure.status)

    def _broken_off(self, asked: Asked, answer: Answer, failure: Failure) -> Reply:
        lines = self._dialect.lines(say(answer, asked, self._number))[: answer.error_after]
        return self._stream(asked, answer, [*lines, encode(self._dialect.error(failure))], done=False)

    def _stream(self, asked: Asked, answer: Answer, lines: Sequence[bytes], *, done: bool = True) -> Reply:
        pieces = asked.framing.pieces(lines, done=done)
        # A stream that an error breaks off began with 200, whatever the error's own status.
        status = (answer.status or 200) if done else 200
        return self._reply(answer, pieces, asked.framing.content_type, status=status, streamed=True)

    def _reply(
        self,
        answer: Answer,
        pieces: list[bytes],
        content_type: str,
        *,
        status: int | None = None,
        streamed: bool = False,
    ) -> Reply:
        headers = {"content-type": content_type}
        if name := self._dialect.request_id_header:
            headers[name] = f"req_mock{self._number:08d}"
        headers |= _lowered(answer.headers)
        fault = answer.fault
        strike = Strike(fault.kind, _offset(fault, pieces)) if fault else None
        if strike and strike.kind == "garbage" and strike.at is not None:
            # Garbage in the body is part of the body, which is whole and well framed otherwise.
            before, after = cut_at(pieces, strike.at)
            pieces, strike = [*before, GARBAGE, *after], None
        return Reply(status or answer.status or 200, headers, pieces, streamed, answer, strike)


def cut_at(pieces: Sequence[bytes], offset: int) -> tuple[list[bytes], list[bytes]]:
    """The pieces before a byte offset and those after it; a piece that it falls into is cut in two."""
    before: list[bytes] = []
    for number, piece in enumerate(pieces):
        if len(piece) > offset:
            return [*before, piece[:offset]], [piece[offset:], *pieces[number + 1 :]]
        before.append(piece)
        offset -= len(piece)
    return before, []


def _offset(fault: Fault, pieces: Sequence[bytes]) -> int | None:
    if fault.after_events is None:
        return fault.after_bytes
    return sum(map(len, pieces[: fault.after_events]))


def _raw(body: object) -> bytes:
    return body.encode() if isinstance(body, str) else encode(body)


def _lowered(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in headers.items()}


def _failure(answer: Answer) -> Failure | None:
    if not answer.fails:
        return None
    error = answer.error if isinstance(answer.error, Error) else Error(message=answer.error or "")
    message = error.message or "The script asked for this error."
    retry_after = _lowered(answer.headers).get("retry-after", "")
    return Failure(answer.status or 500, message, error.type, error.code, retry_after)
