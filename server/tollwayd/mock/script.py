"""The script of the mock provider: which call gets which answer. `docs/mock.md` is its reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SCRIPT_BYTES = 4 * 1024 * 1024
"""A script is written by hand; a larger file is something else, a recording for instance."""

DialectName = Literal["openai.chat", "anthropic.messages", "gemini"]
Operation = Literal["generate", "count_tokens", "list_models"]
Finish = Literal["stop", "length", "tool_calls", "content_filter"]

# An hour is longer than any deadline that a test could wait for.
Seconds = Annotated[float, Meta(ge=0, le=3600)]
Position = Annotated[int, Meta(ge=0)]
HeaderValue = Annotated[str, Meta(pattern=r"^[^\r\n]*\Z")]


class ScriptError(ValueError):
    """A script cannot be used. The message names the file, where there is one, and the place in it."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Match(_Part, frozen=True):
    """The calls that a rule is for: those that meet every condition given.

    `model` is a glob. `headers` maps a name to a text that the header's value contains; `prompt` is a text that the
    last message contains. All of them mind the case, header names excepted.
    """

    operation: Operation = "generate"
    model: str = "*"
    dialect: DialectName | None = None
    stream: bool | None = None
    headers: dict[str, str] = {}
    prompt: str = ""


class ToolCall(_Part, frozen=True):
    """A tool that the model calls. `arguments` as a string are sent as they are: broken JSON, for instance."""

    name: str
    arguments: dict[str, Any] | str = {}
    id: str = ""


class Usage(_Part, frozen=True):
    """Token counts to tell instead of the real ones. None: counted.

    `cached` are those of `input` that came from a cache, `reasoning` those of `output` that were spent on thinking;
    every dialect shows them in its own way. Nothing is checked: a mock may lie.
    """

    input: int | None = None
    output: int | None = None
    cached: int = 0
    reasoning: int = 0


class Error(_Part, frozen=True):
    """An error in the dialect's own shape; `type` and `code` where the status alone does not tell them.

    With `after_events` a stream begins well, and the error ends it after that many events.
    """

    message: str = ""
    type: str = ""
    code: str = ""
    after_events: Position | None = None


class Fault(_Part, frozen=True):
    """How the answer breaks off on the wire, and where: `after_bytes` of its body or `after_events` of its stream.

    Without a place it happens before the status line. A place beyond the end is the end.
    """

    kind: Literal["reset", "close", "stall", "garbage", "flood"]
    after_bytes: Position | None = None
    after_events: Position | None = None

    def __post_init__(self) -> None:
        if self.after_bytes is not None and self.after_events is not None:
            raise ValueError("a fault has one place: after_bytes or after_events")


class Answer(_Part, frozen=True):
    """What a call gets. Without content it is an echo: the text of the last message.

    Times are in seconds: `latency` before the first byte, `pace` between the events of a stream, `slow_headers` over
    which the head is dripped byte by byte. `split` is the number of body bytes in one write. `tokens` makes a text of
    that length.
    """

    text: str | None = None
    tokens: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish | None = None
    usage: Usage | Literal["omit"] | UnsetType | None = UNSET
    recording: str | None = None
    body: str | dict[str, Any] | list[Any] | UnsetType = UNSET
    status: Annotated[int, Meta(ge=200, le=599)] | None = None
    headers: dict[str, HeaderValue | int] = {}
    error: str | Error | None = None
    latency: Seconds = 0
    pace: Seconds = 0
    slow_headers: Seconds = 0
    split: Annotated[int, Meta(ge=1)] | None = None
    fault: Fault | None = None

    def __post_init__(self) -> None:
        raw = [self.recording is not None, self.body is not UNSET]
        if sum([self.text is not None, self.tokens is not None, *raw]) > 1:
            raise ValueError("an answer has one content: text, tokens, recording or body")
        if any(raw) and (self.speaks or self.usage is not UNSET or self.error is not None):
            raise ValueError("recording and body are sent as they are: without tool_calls, finish, usage or error")
        if self.fails and not any(raw) and self.speaks and self.error_after is None:
            raise ValueError("an answer that is an error says nothing else, unless the error comes after_events")

    @property
    def speaks(self) -> bool:
        """Whether it has words for a model to say; an echo has none of its own."""
        return self.text is not None or self.tokens is not None or bool(self.tool_calls) or self.finish is not None

    @property
    def fails(self) -> bool:
        """Whether it is an error: one that is given, or one by its status."""
        return self.error is not None or (self.status or 200) >= 400

    @property
    def error_after(self) -> int | None:
        """The events of a stream that come before its error; None for an error that is the whole answer."""
        return self.error.after_events if isinstance(self.error, Error) else None


class Rule(_Part, frozen=True):
    """One rule. It gives its `answer`, or those of `cycle` in turn, and steps aside after `times` calls."""

    name: str = ""
    match: Match = Match()
    answer: Answer | None = None
    cycle: Annotated[tuple[Answer, ...], Meta(min_length=1)] | None = None
    times: Annotated[int, Meta(ge=1)] | None = None

    def __post_init__(self) -> None:
        if self.answer is not None and self.cycle is not None:
            raise ValueError("a rule has answer or cycle, not both")
        if self.match.operation != "generate" and any(answer.speaks for answer in self.answers):
            raise ValueError(f"nothing is said in answer to {self.match.operation}")

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers in their order; an echo where the rule has none."""
        return self.cycle or (self.answer or Answer(),)


class Script(_Part, frozen=True):
    """The whole script. The first rule that matches answers; a call that none matches gets an echo.

    `require_key` true asks for any credential, a string for this one. `models` are those that a listing shows.
    """

    require_key: bool | str = False
    models: tuple[str, ...] = ("mock-model",)
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules if rule.name]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"rules need different names: {', '.join(sorted(twice))}")


def load_script(path: Path) -> Script:
    """Reads a script from a YAML or, by its suffix, JSON file. ScriptError."""
    decode = msgspec.json.decode if path.suffix == ".json" else msgspec.yaml.decode
    try:
        if path.stat().st_size > MAX_SCRIPT_BYTES:
            raise ScriptError(f"{path}: larger than {MAX_SCRIPT_BYTES} bytes")
        return decode(path.read_bytes(), type=Script)
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ScriptError(f"{path}: {error}") from error


def to_script(source: Script | Mapping[str, Any] | Path | None) -> Script:
    """A script from any form that it may have: itself, the mapping that its YAML would be, its file. ScriptError."""
    match source:
        case None:
            return Script()
        case Script():
            return source
        case Path():
            return load_script(source)
    try:
        return msgspec.convert(source, type=Script)
    except msgspec.ValidationError as error:
        raise ScriptError(str(error)) from error
