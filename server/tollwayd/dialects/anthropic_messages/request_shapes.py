"""The shapes of a Messages request, as far as the canonical form can carry them.

Members that are absent and members that are null mean the same, as they do to Anthropic. Limits on lengths are those
of the canonical messages in `tollway.proxy.v1`, so that what is read here is valid there.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

MAX_INT32 = 2**31 - 1

Name = Annotated[str, Meta(max_length=256)]
PositiveInt = Annotated[int, Meta(ge=1, le=MAX_INT32)]
Unread = Raw | UnsetType
"""JSON that stays text, or is absent."""


class CacheControl(msgspec.Struct):
    """A cache mark."""

    type: str
    ttl: str | None = None


class Source(msgspec.Struct):
    """Where an image's or document's bytes are."""

    type: str
    media_type: Name | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None


class Block(msgspec.Struct):
    """A content block of any type. Its members are the union of all types', since an unknown type has to be told from
    a wrong member: `source` is a string in search results, `content` an object in results of server tools."""

    type: str
    text: str | None = None
    source: Source | str | None = None
    title: Annotated[str, Meta(max_length=1024)] | None = None
    context: str | None = None
    citations: Any = None
    transformations: Any = None
    id: Name | None = None
    name: Name | None = None
    input: Unread = UNSET
    caller: Any = None
    tool_use_id: Name | None = None
    content: str | Annotated[list[Block], Meta(max_length=1000)] | dict[str, Raw] | None = None
    is_error: bool | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    cache_control: CacheControl | None = None


class Turn(msgspec.Struct):
    """One of `messages`."""

    role: str
    content: str | Annotated[list[Block], Meta(max_length=10_000)]


class Tool(msgspec.Struct):
    """One of `tools`."""

    name: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    type: str | None = None
    description: str | None = None
    input_schema: Unread = UNSET
    strict: bool | None = None
    cache_control: CacheControl | None = None
    allowed_callers: Any = None
    defer_loading: Any = None
    eager_input_streaming: Any = None
    input_examples: Any = None


class ToolChoice(msgspec.Struct):
    """`tool_choice`."""

    type: str
    name: Name | None = None
    disable_parallel_tool_use: bool | None = None


class Thinking(msgspec.Struct):
    """`thinking`."""

    type: str
    budget_tokens: PositiveInt | None = None
    display: Any = None


class OutputFormat(msgspec.Struct):
    """`output_config.format`, and `output_format` before it was generally available."""

    type: str
    schema: Unread = UNSET


class OutputConfig(msgspec.Struct):
    """`output_config`."""

    effort: str | None = None
    format: OutputFormat | None = None


class Metadata(msgspec.Struct):
    """`metadata`."""

    user_id: Annotated[str, Meta(max_length=512)] | None = None


class MessagesRequest(msgspec.Struct):
    """A request; `model` and `stream` are in the envelope."""

    messages: Annotated[list[Turn], Meta(min_length=1, max_length=100_000)]
    max_tokens: PositiveInt
    system: str | Annotated[list[Block], Meta(max_length=10_000)] | None = None
    tools: Annotated[list[Tool], Meta(max_length=1024)] | None = None
    tool_choice: ToolChoice | None = None
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=MAX_INT32)] | None = None
    stop_sequences: Annotated[list[str], Meta(max_length=64)] | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None
    metadata: Metadata | None = None
    cache_control: CacheControl | None = None


READ_FIELDS = frozenset(MessagesRequest.__struct_fields__) | {"model", "stream"}
"""The top-level fields that are read; every other one is dropped or refused."""
