"""What a call asks and what it is told, in words that are no dialect's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from tollwayd.mock.framing import SERVER_SENT, Framing
from tollwayd.mock.script import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tollwayd.mock.script import Answer, Finish, Operation, ToolCall

CHARACTERS_PER_TOKEN = 4
"""The usual estimate for English, and here the rule: counts are the same in every dialect and easy to foretell."""

# Three letters and a blank: one token each.
_WORDS = ("all", "who", "use", "the", "new", "way", "pay", "one", "fee")

_Request = TypeVar("_Request")


@dataclass(frozen=True, slots=True)
class Failure:
    """An error to tell. Without `type` or `code` it has the vendor's own for this status; `retry_after` in seconds."""

    status: int
    message: str
    type: str = ""
    code: str = ""
    retry_after: str = ""


class RequestError(Exception):
    """The request is not one that the vendor would serve. Its message is for developers, and names the field."""

    def __init__(self, status: int, message: str) -> None:
        self.failure = Failure(status, message)
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. `prompt` is the text of the last message, `input_tokens` the length of all of them.

    `stream_usage` says whether a stream tells its usage, which OpenAI's callers must ask for.
    """

    operation: Operation
    model: str = ""
    prompt: str = ""
    input_tokens: int = 0
    stream: bool = False
    max_output_tokens: int | None = None
    stream_usage: bool = True
    framing: Framing = SERVER_SENT


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens; `cached` are part of `input`, `reasoning` part of `output`."""

    input: int
    output: int
    cached: int
    reasoning: int


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to what was asked. `number` counts the provider's calls and makes the answer's ids; `input_tokens` is
    the count that a caller is told who asks for nothing else."""

    asked: Asked
    number: int
    text: str
    tool_calls: tuple[ToolCall, ...]
    finish: Finish
    usage: Counts | Literal["omit"] | None
    input_tokens: int

    def deltas(self) -> Iterator[str]:
        """The text, one token at a time."""
        return pieces_of(self.text)

    def id(self, prefix: str) -> str:
        """A vendor's id of this answer."""
        return f"{prefix}mock{self.number:08d}"

    def tool_call_id(self, prefix: str, index: int) -> str:
        """The id of one tool call, from the script or made."""
        return self.tool_calls[index].id or f"{self.id(prefix)}_{index}"

    def usage_field(self, name: str, shape: Callable[[Counts], dict[str, Any]]) -> dict[str, Any]:
        """The field that tells the usage, as the script wants it: absent, null or filled."""
        if self.usage == "omit":
            return {}
        return {name: self.usage and shape(self.usage)}


def say(answer: Answer, asked: Asked, number: int) -> Said:
    """What the script's answer comes to for this request."""
    text, finish = _text(answer, asked)
    if answer.tool_calls:
        finish = "tool_calls"
    output = count_tokens(text) + sum(count_tokens(call.name + arguments_of(call)) for call in answer.tool_calls)
    usage = _usage(answer.usage, asked.input_tokens, output)
    told = usage.input if isinstance(usage, Counts) else asked.input_tokens
    return Said(asked, number, text, answer.tool_calls, answer.finish or finish, usage, told)


def _text(answer: Answer, asked: Asked) -> tuple[str, Finish]:
    if answer.text is not None:
        return answer.text, "stop"
    if answer.tokens is not None:
        return " ".join(_WORDS[index % len(_WORDS)] for index in range(answer.tokens)), "stop"
    if answer.tool_calls:
        return "", "stop"
    return _echo(asked)


def _echo(asked: Asked) -> tuple[str, Finish]:
    limit = asked.max_output_tokens
    if limit is None or count_tokens(asked.prompt) <= limit:
        return asked.prompt, "stop"
    return asked.prompt[: limit * CHARACTERS_PER_TOKEN], "length"


def _usage(
    usage: Usage | Literal["omit"] | UnsetType | None, counted: int, output: int
) -> Counts | Literal["omit"] | None:
    if usage is UNSET:
        return Counts(counted, output, 0, 0)
    if isinstance(usage, Usage):
        told = counted if usage.input is None else usage.input
        return Counts(told, output if usage.output is None else usage.output, usage.cached, usage.reasoning)
    return usage


def pieces_of(text: str) -> Iterator[str]:
    """A text in pieces of one token."""
    return (text[start : start + CHARACTERS_PER_TOKEN] for start in range(0, len(text), CHARACTERS_PER_TOKEN))


def count_tokens(text: str) -> int:
    """The tokens of a text, the last one begun counted whole."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def arguments_of(call: ToolCall) -> str:
    """A tool call's arguments as the JSON that is sent."""
    return call.arguments if isinstance(call.arguments, str) else msgspec.json.encode(call.arguments).decode()


def object_of(call: ToolCall) -> dict[str, Any]:
    """A tool call's arguments where only an object can stand; broken ones leave it empty."""
    return {} if isinstance(call.arguments, str) else call.arguments


def text_of(content: object, depth: int = 6) -> str:
    """All text in a message's content: a string, parts, blocks, the results of tools. No vendor nests them deeper."""
    match content:
        case str(text) | {"text": str(text)}:
            return text
        case list(parts) if depth:
            return "".join(text_of(part, depth - 1) for part in parts)
        case {"content": inner} | {"functionResponse": {"response": inner}} | {"result": inner} | {"output": inner} if (
            depth
        ):
            return text_of(inner, depth - 1)
    return ""


def decoded(decoder: msgspec.json.Decoder[_Request], body: bytes) -> _Request:
    """The request in a body, else RequestError with status 400."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestError(400, str(error)) from error
