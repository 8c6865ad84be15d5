"""Anthropic's API: messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tollway.proxy.v1.anthropic_pb2 import CreateMessageRequest
    from tollwayd.core.call import Call
    from tollwayd.core.chain import Result
    from tollwayd.proxy.raw import RawService


class AnthropicServicer:
    """Serves `tollway.proxy.v1.AnthropicService`."""

    def __init__(self, raw: RawService) -> None:
        self._raw = raw

    def CreateMessage(self, request: CreateMessageRequest, call: Call) -> Awaitable[Result]:
        """One answer, whole or streamed as its body asks."""
        return self._raw.answer(call, request.body)
