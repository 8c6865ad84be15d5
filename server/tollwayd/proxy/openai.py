"""OpenAI's API: chat completions, and the list of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from google.api.httpbody_pb2 import HttpBody

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.proxy.models import allowed_model, allowed_models

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tollway.proxy.v1.openai_pb2 import (
        CreateChatCompletionRequest,
        OpenAIServiceGetModelRequest,
        OpenAIServiceListModelsRequest,
    )
    from tollwayd.core.call import Call
    from tollwayd.core.chain import Result
    from tollwayd.core.snapshot import Model
    from tollwayd.proxy.raw import RawService


class OpenAIServicer:
    """Serves `tollway.proxy.v1.OpenAIService`."""

    def __init__(self, raw: RawService) -> None:
        self._raw = raw

    def CreateChatCompletion(self, request: CreateChatCompletionRequest, call: Call) -> Awaitable[Result]:
        """One answer, whole or streamed as its body asks."""
        return self._raw.answer(call, request.body)

    async def ListModels(self, _: OpenAIServiceListModelsRequest, call: Call) -> HttpBody:
        """Every model that the API key may use."""
        return _json({"object": "list", "data": [_model(model) for model in allowed_models(call)]})

    async def GetModel(self, request: OpenAIServiceGetModelRequest, call: Call) -> HttpBody:
        """One of them."""
        if (model := allowed_model(call, request.model)) is None:
            raise TollwayError(Reason.REASON_MODEL_NOT_FOUND)
        return _json(_model(model))


def _model(model: Model) -> dict[str, object]:
    return {"id": model.public_name, "object": "model", "created": model.create_time, "owned_by": "tollway"}


def _json(value: object) -> HttpBody:
    return HttpBody(content_type="application/json", data=orjson.dumps(value))
