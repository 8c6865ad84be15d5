"""Wire formats of AI services, to and from the canonical messages. Pure: bytes in, messages out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.dialects.anthropic_messages import AnthropicMessages
from tollwayd.dialects.openai_chat import OpenAIChat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollwayd.core.dialect import Dialect

__all__ = ["ANTHROPIC_MESSAGES", "DIALECTS", "OPENAI_CHAT"]

OPENAI_CHAT: Dialect = OpenAIChat()
ANTHROPIC_MESSAGES: Dialect = AnthropicMessages()

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (OPENAI_CHAT, ANTHROPIC_MESSAGES)}
"""Every dialect by its name, as `Provider.dialect` takes it."""
