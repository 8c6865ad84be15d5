"""The members of answers that are read.

Compatible servers differ from OpenAI, so types are asked for only where a wrong one could not be lived with.
"""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 (msgspec reads annotations at run time)
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw, Struct

if TYPE_CHECKING:
    from collections.abc import Iterator


class CalledFunction(Struct):
    """`arguments` is text; some servers write the object itself."""

    name: str | None = None
    arguments: str | dict[str, Raw] | None = None


class ToolCall(Struct):
    """A tool call, or a piece of one."""

    index: int | None = None
    id: str | None = None
    function: CalledFunction | None = None

    @property
    def name(self) -> str:
        """The tool; empty where it is not named."""
        return (self.function.name if self.function else None) or ""

    @property
    def arguments(self) -> str:
        """The arguments as JSON text; empty where there are none."""
        arguments = self.function.arguments if self.function else None
        return msgspec.json.encode(arguments).decode() if isinstance(arguments, dict) else arguments or ""


class ContentPart(Struct):
    """A piece of content at Mistral: `text`, or `thinking`, which holds texts."""

    type: str = ""
    text: str | None = None
    thinking: list[ContentPart] | None = None


class Said(Struct):
    """A `message`, or a `delta` of one."""

    content: str | list[ContentPart] | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None

    def texts(self) -> Iterator[tuple[str, str]]:
        """What is said apart from tool calls: the kind of the canonical part, and its text, which is never empty."""
        # DeepSeek's name or OpenRouter's; servers that say it twice give both the same text.
        thought = self.reasoning_content or self.reasoning
        if thought and isinstance(thought, str):
            yield "reasoning", thought
        if self.content:
            yield from _content(self.content)
        if self.refusal:
            yield "refusal", self.refusal


class Groq(Struct):
    """Groq's own member, where it puts the usage of a stream."""

    usage: Any = None


class MeteredChoice(Struct):
    """The usage in a choice, where Moonshot's streams have it."""

    usage: Any = None


class MeteredAnswer(Struct):
    """An answer, or a chunk of one, as far as it has to be read to be passed on and booked."""

    choices: Sequence[MeteredChoice] | None = None
    usage: Any = None
    x_groq: Groq | None = None
    error: Any = None
    service_tier: Any = None

    def usage_said(self) -> object:
        """The `usage` member, wherever it stands."""
        if self.usage is None and self.x_groq is not None:
            return self.x_groq.usage
        if self.usage is None and self.choices:
            return self.choices[0].usage
        return self.usage


class Choice(MeteredChoice):
    """One answer of possibly several, of which the first is asked for."""

    index: int | None = None
    message: Said | None = None
    delta: Said | None = None
    finish_reason: str | None = None


class Answer(MeteredAnswer):
    """A `chat.completion` or a `chat.completion.chunk`."""

    id: str | None = None
    model: str | None = None
    choices: Sequence[Choice] | None = None


def _content(content: str | list[ContentPart]) -> Iterator[tuple[str, str]]:
    if isinstance(content, str):
        yield "text", content
        return
    for part in content:
        if part.thinking and (thought := "".join(piece.text or "" for piece in part.thinking)):
            yield "reasoning", thought
        elif part.text:
            yield "text", part.text


ANSWER = msgspec.json.Decoder(Answer)
METERED_ANSWER = msgspec.json.Decoder(MeteredAnswer)
