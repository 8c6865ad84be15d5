"""A Messages request, into the canonical form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tollway.proxy.v1.conversation_pb2 import Tool
from tollway.proxy.v1.inference_pb2 import GenerateRequest
from tollwayd.core.dialect import Asked
from tollwayd.core.errors import invalid_field
from tollwayd.dialects import json_body
from tollwayd.dialects.anthropic_messages.caller_content import (
    json_object_text,
    read_cache_control,
    read_system,
    read_turns,
)
from tollwayd.dialects.anthropic_messages.caller_options import (
    read_reasoning,
    read_response_format,
    read_tool_choice,
)
from tollwayd.dialects.anthropic_messages.request_shapes import READ_FIELDS, MessagesRequest
from tollwayd.dialects.json_body import unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tollwayd.core.dialect import Envelope
    from tollwayd.dialects.anthropic_messages import request_shapes as shapes

_DECODER = msgspec.json.Decoder(MessagesRequest)
_ABSENT = (b"null", b"[]")
_ANTHROPIC_ALONE = {
    "container": "containers exist at Anthropic alone.",
    "inference_geo": "no other service than Anthropic's promises where it computes.",
    "mcp_servers": "no other service than Anthropic's calls MCP servers itself.",
}
"""Fields without which the answer would be another one, or break a promise to the caller."""
_TOOL_HINTS = ("allowed_callers", "defer_loading", "eager_input_streaming", "input_examples")


def read_request(envelope: Envelope) -> Asked:
    """The whole request. REASON_FIELD_INVALID and REASON_FEATURE_UNSUPPORTED name the field."""
    dropped = _not_read(envelope.fields)
    asked = json_body.read_fields(envelope.fields, _DECODER)
    system = read_system(asked.system, dropped)
    turns = list(read_turns(asked.messages, dropped))
    if not turns:
        raise invalid_field("messages", "must have content.")
    request = GenerateRequest(
        model=envelope.model,
        messages=[*system, *turns],
        tools=[_read_tool(tool, f"tools[{place}]", dropped) for place, tool in enumerate(asked.tools or ())],
        tool_choice=read_tool_choice(asked.tool_choice),
        max_output_tokens=asked.max_tokens,
        temperature=asked.temperature,
        top_p=asked.top_p,
        top_k=asked.top_k or None,
        stop_sequences=asked.stop_sequences,
        response_format=read_response_format(asked),
        reasoning=read_reasoning(asked, dropped),
        parallel_tool_calls=_parallel(asked.tool_choice),
        user=asked.metadata.user_id if asked.metadata else None,
    )
    _mark_last_part(request, asked.cache_control)
    return Asked(request, tuple(dropped))


def _not_read(fields: Mapping[str, Any]) -> list[str]:
    """The top-level fields that are dropped."""
    unread = [name for name, raw in fields.items() if name not in READ_FIELDS and bytes(raw) not in _ABSENT]
    for name in unread:
        if name in _ANTHROPIC_ALONE:
            raise unsupported(name, _ANTHROPIC_ALONE[name])
    return unread


def _read_tool(tool: shapes.Tool, path: str, dropped: list[str]) -> Tool:
    if tool.type not in {None, "custom"}:
        raise unsupported(f"{path}.type", "tools that Anthropic itself runs or defines exist there alone.")
    if tool.name is None:
        raise invalid_field(f"{path}.name", "is required.")
    dropped += [f"{path}.{hint}" for hint in _TOOL_HINTS if getattr(tool, hint) is not None]
    mark = tool.cache_control
    return Tool(
        name=tool.name,
        description=tool.description,
        parameters=json_object_text(tool.input_schema, f"{path}.input_schema"),
        strict=tool.strict,
        cache_control=None if mark is None else read_cache_control(mark, f"{path}.cache_control"),
    )


def _parallel(choice: shapes.ToolChoice | None) -> bool | None:
    if choice is None or choice.disable_parallel_tool_use is None:
        return None
    return not choice.disable_parallel_tool_use


def _mark_last_part(request: GenerateRequest, mark: shapes.CacheControl | None) -> None:
    """A mark on the request is Anthropic's short form of one on its last block."""
    last = request.messages[-1].parts[-1]
    if mark is not None and not last.HasField("cache_control"):
        last.cache_control.CopyFrom(read_cache_control(mark, "cache_control"))
