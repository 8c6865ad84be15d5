"""ModelService."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tollway.admin.v1.models_pb2 import ListModelsResponse, Model
from tollwayd.admin.resources.collection import Collection
from tollwayd.admin.resources.field_behavior import writable_copy
from tollwayd.admin.resources.kind import Kind
from tollwayd.admin.resources.listing import Listing
from tollwayd.core.errors import Reason, TollwayError, invalid_field
from tollwayd.core.resource_names import child_name, id_of, tenant_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tollway.admin.v1 import models_pb2
    from tollway.admin.v1.models_pb2 import Target
    from tollwayd.admin.resources.page_token import PageTokens
    from tollwayd.core.call import Call
    from tollwayd.core.ports import ResourceStore

__all__ = ["ModelServicer"]

_KIND = Kind("models", "model", Model, Model, lambda record: record)


class ModelServicer:
    """`tollway.admin.v1.ModelService`."""

    def __init__(self, store: ResourceStore, tokens: PageTokens) -> None:
        self._store = store
        self._models = Collection(store, _KIND, self._rules)
        self._listing = Listing(store, _KIND, tokens)

    async def CreateModel(self, request: models_pb2.CreateModelRequest, _: Call) -> Model:
        name = child_name(request.parent, _KIND.name, request.model_id)
        with _unique_public_name():
            return await self._models.create(name, writable_copy(request.model))

    async def GetModel(self, request: models_pb2.GetModelRequest, _: Call) -> Model:
        return await self._models.get(request.name)

    async def ListModels(self, request: models_pb2.ListModelsRequest, _: Call) -> ListModelsResponse:
        page = await self._listing.page(request.parent, request)
        return ListModelsResponse(models=page.resources, next_page_token=page.next_page_token)

    async def UpdateModel(self, request: models_pb2.UpdateModelRequest, _: Call) -> Model:
        with _unique_public_name():
            return await self._models.update(request.model, request.update_mask)

    async def DeleteModel(self, request: models_pb2.DeleteModelRequest, _: Call) -> Empty:
        await self._models.delete(request.name, request.etag)
        return Empty()

    async def _rules(self, before: Model | None, after: Model) -> str:
        after.public_name = after.public_name or id_of(after.name)
        _check_name("model.publicName", after.public_name)
        # A provider that is gone must not keep the model from being changed otherwise.
        if before is None or list(before.targets) != list(after.targets):
            for position, target in enumerate(after.targets):
                _check_name(f"model.targets[{position}].model", target.model)
            _check_distinct(after.targets)
            await self._check_providers(tenant_of(after.name), after.targets)
        return after.public_name

    async def _check_providers(self, tenant: str, targets: Sequence[Target]) -> None:
        known: set[str] = set()
        for position, target in enumerate(targets):
            if target.provider not in known:
                await self._check_provider(child_name(tenant, "providers", target.provider), position)
                known.add(target.provider)

    async def _check_provider(self, provider: str, position: int) -> None:
        try:
            await self._store.get("providers", provider)
        except TollwayError as error:
            if error.reason != Reason.REASON_RESOURCE_NOT_FOUND:
                raise
            field = f"model.targets[{position}].provider"
            raise TollwayError(
                Reason.REASON_REFERENCE_NOT_FOUND,
                f"{field}: the tenant has no such provider",
                metadata={"field": field, "name": provider},
            ) from None


def _check_name(field: str, name: str) -> None:
    # Nobody could tell such names apart by sight, send them in a header or a path as they are, or sum up usage by them.
    if not name.isprintable() or name != name.strip():
        raise invalid_field(field, "must not have control characters, nor spaces at its ends")


def _check_distinct(targets: Sequence[Target]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for position, target in enumerate(targets):
        earlier = seen.setdefault((target.provider, target.model), position)
        if earlier != position:
            raise invalid_field(
                f"model.targets[{position}]", f"is the same provider and model as targets[{earlier}]; weigh one target"
            )


@contextmanager
def _unique_public_name() -> Iterator[None]:
    try:
        yield
    except TollwayError as error:
        if error.metadata.get("conflict") != "claim":
            raise
        field = "model.publicName"
        raise TollwayError(
            Reason.REASON_RESOURCE_EXISTS,
            f"{field}: another model of the tenant has this name",
            metadata={**error.metadata, "field": field},
        ) from None
