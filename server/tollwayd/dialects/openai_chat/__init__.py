"""The dialect `openai.chat`."""

from tollwayd.dialects.openai_chat.dialect import OpenAIChat

__all__ = ["OpenAIChat"]
