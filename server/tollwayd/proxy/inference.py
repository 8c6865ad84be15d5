"""Typed inference: the canonical messages themselves, to any provider."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from tollway.proxy.v1.conversation_pb2 import CACHE_DURATION_1H
from tollway.proxy.v1.inference_pb2 import ListModelsResponse, ModelSummary, StreamGenerateResponse
from tollwayd.core.dialect import Asked, Load, OutputAsked
from tollwayd.core.metering.money import money
from tollwayd.core.metering.prices.terms import CacheWrites
from tollwayd.proxy.canonical import events_of, response_of, write_request
from tollwayd.proxy.engine import find_model
from tollwayd.proxy.models import allowed_models

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from google.type.money_pb2 import Money

    from tollway.proxy.v1.conversation_pb2 import Media, Part, Tool
    from tollway.proxy.v1.inference_pb2 import GenerateRequest, GenerateResponse, ListModelsRequest
    from tollwayd.core.call import Call
    from tollwayd.core.dialect import Allowance, Headers
    from tollwayd.core.metering.prices.terms import Terms
    from tollwayd.core.snapshot import Target
    from tollwayd.proxy.engine import Engine

MAX_INT32 = 2**31 - 1
_MEDIA = frozenset({"image", "audio", "file"})


class InferenceServicer:
    """Serves `tollway.proxy.v1.InferenceService`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def Generate(self, request: GenerateRequest, call: Call) -> GenerateResponse:
        """One whole answer."""
        model = find_model(call, request.model, stream=False)
        target, body = await self._engine.whole(call, model, _TypedRequest(call, request, stream=False))
        response = response_of(call, target, body)
        if (cost := _cost(call)) is not None:
            response.cost.CopyFrom(cost)
        return response

    async def StreamGenerate(self, request: GenerateRequest, call: Call) -> AsyncIterator[StreamGenerateResponse]:
        """One answer, event by event."""
        model = find_model(call, request.model, stream=True)
        blocks = await self._engine.blocks(call, model, _TypedRequest(call, request, stream=True))
        async with aclosing(events_of(call, blocks)) as stream:
            async for events in stream:
                for event in events:
                    yield event
        if (cost := _cost(call)) is not None:
            yield StreamGenerateResponse(cost=cost)

    async def ListModels(self, _: ListModelsRequest, call: Call) -> ListModelsResponse:
        """Every model that the API key may use."""
        return ListModelsResponse(
            models=[
                ModelSummary(model=model.public_name, display_name=model.display_name) for model in allowed_models(call)
            ]
        )


def _cost(call: Call) -> Money | None:
    """What the answer that call has had costs."""
    exchange = call.exchange
    assert exchange is not None
    nanos = None if exchange.usage is None else exchange.cost(exchange.usage)
    return None if nanos is None else money(nanos)


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

    @property
    def output_asked(self) -> OutputAsked:
        request = self._asked.request
        return OutputAsked(request.max_output_tokens if request.HasField("max_output_tokens") else None)

    def limit_output(self, tokens: int) -> None:
        self._asked.request.max_output_tokens = min(tokens, MAX_INT32)

    def load(self) -> Load:
        request = self._asked.request
        images = files = sounds = inline = 0
        for kind, media in _media(part for message in request.messages for part in message.parts):
            inside = media.HasField("content")
            if kind == "file" and inside and media.media_type.startswith("text/"):
                continue
            images += kind == "image"
            sounds += kind == "audio" and inside
            files += kind == "file" or (kind == "audio" and not inside)
            inline += len(media.content)
        return Load(images, files, bool(request.tools), inline * 4 // 3, sounds)

    def terms(self, target: Target) -> Terms:
        return target.provider.dialect.terms({})

    def cache_writes(self) -> CacheWrites:
        request = self._asked.request
        parts = (part for message in request.messages for part in message.parts)
        of_parts = max(map(_written, _all(parts)), default=CacheWrites.NONE)
        return max(of_parts, *map(_written, request.tools)) if request.tools else of_parts

    def allowance_headers(self, _: Sequence[Allowance]) -> Headers:
        return ()


def _written(holder: Part | Tool) -> CacheWrites:
    if not holder.HasField("cache_control"):
        return CacheWrites.NONE
    return CacheWrites.HOUR if holder.cache_control.duration == CACHE_DURATION_1H else CacheWrites.SHORT


def _all(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        yield part
        yield from _all(part.tool_result.parts)


def _media(parts: Iterable[Part]) -> Iterator[tuple[str, Media]]:
    for part in parts:
        kind = part.WhichOneof("kind")
        if kind == "tool_result":
            yield from _media(part.tool_result.parts)
        elif kind in _MEDIA:
            yield kind, getattr(part, kind).media
