"""The dialect `anthropic.messages`: Anthropic's Messages API."""

from tollwayd.dialects.anthropic_messages.dialect import AnthropicMessages

__all__ = ["AnthropicMessages"]
