"""Typed inference: the canonical messages themselves, to any provider."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from tollway.proxy.v1.inference_pb2 import ListModelsResponse, ModelSummary
from tollwayd.core.dialect import Asked
from tollwayd.proxy.canonical import events_of, response_of, write_request
from tollwayd.proxy.engine import find_model
from tollwayd.proxy.models import allowed_models

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tollway.proxy.v1.inference_pb2 import (
        GenerateRequest,
        GenerateResponse,
        ListModelsRequest,
        StreamGenerateResponse,
    )
    from tollwayd.core.call import Call
    from tollwayd.core.snapshot import Target
    from tollwayd.proxy.engine import Engine


class InferenceServicer:
    """Serves `tollway.proxy.v1.InferenceService`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def Generate(self, request: GenerateRequest, call: Call) -> GenerateResponse:
        """One whole answer."""
        model = find_model(call, request.model, stream=False)
        target, body = await self._engine.whole(call, model, _TypedRequest(call, request, stream=False))
        return response_of(call, target, body)

    async def StreamGenerate(self, request: GenerateRequest, call: Call) -> AsyncIterator[StreamGenerateResponse]:
        """One answer, event by event."""
        model = find_model(call, request.model, stream=True)
        blocks = await self._engine.blocks(call, model, _TypedRequest(call, request, stream=True))
        async with aclosing(events_of(call, blocks)) as stream:
            async for events in stream:
                for event in events:
                    yield event

    async def ListModels(self, _: ListModelsRequest, call: Call) -> ListModelsResponse:
        """Every model that the API key may use."""
        return ListModelsResponse(
            models=[
                ModelSummary(model=model.public_name, display_name=model.display_name) for model in allowed_models(call)
            ]
        )


class _TypedRequest:
    """A request that is canonical already."""

    __slots__ = ("_asked", "_call", "stream")

    def __init__(self, call: Call, request: GenerateRequest, *, stream: bool) -> None:
        self._call = call
        self._asked = Asked(request)
        self.stream = stream

    def body_for(self, target: Target) -> bytes:
        return write_request(self._call, self._asked, target, stream=self.stream)

    def headers_for(self, _: Target) -> bytes:
        return b""
