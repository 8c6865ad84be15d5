"""References from one resource of a tenant to another: that they lead somewhere, and who still holds some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tollway.admin.v1.models_pb2 import Model
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.resource_names import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tollwayd.core.ports import Resource, ResourceStore

__all__ = ["MAX_SCANNED", "first", "missing", "require", "require_models"]

BATCH: Final = 250
"""Resources read at once: between two batches other calls get their turn."""

MAX_SCANNED: Final = 10_000
"""Resources of a kind that are looked at, rather than that one call reads without end."""


async def require(store: ResourceStore, name: str, *, field: str, noun: str) -> None:
    """REASON_REFERENCE_NOT_FOUND where there is no resource of that name; `field` is what refers to it."""
    try:
        await store.get(kind_of(name), name)
    except TollwayError as error:
        if error.reason != Reason.REASON_RESOURCE_NOT_FOUND:
            raise
        raise missing(field, noun, name) from None


async def require_models(store: ResourceStore, tenant: str, public_names: Mapping[str, str]) -> None:
    """REASON_REFERENCE_NOT_FOUND where the tenant has no model of one of these public names, by the fields that they
    are in."""
    wanted = set(public_names.values())
    if not wanted:
        return

    def is_wanted(stored: Resource) -> bool:
        public_name = Model.FromString(stored.record).public_name
        known.add(public_name)
        return public_name in wanted

    known: set[str] = set()
    await first(store, "models", tenant, is_wanted, most=len(wanted))
    for field, public_name in public_names.items():
        if public_name not in known:
            raise missing(field, "model of this public name", public_name)


async def first(
    store: ResourceStore, kind: str, tenant: str, fits: Callable[[Resource], bool], *, most: int
) -> tuple[list[str], bool]:
    """The names of the first resources of a tenant that fit, about `most` of them, and whether all were looked at."""
    found: list[str] = []
    after = ""
    for _ in range(MAX_SCANNED // BATCH):
        batch = await store.list(kind, tenant, after=after, limit=BATCH)
        found += [stored.name for stored in batch if fits(stored)]
        if len(batch) < BATCH:
            return found, True
        if len(found) >= most:
            break
        after = batch[-1].name
    return found, False


def missing(field: str, noun: str, name: str) -> TollwayError:
    """REASON_REFERENCE_NOT_FOUND: `field` refers to a `noun` called `name`, and the tenant has none."""
    return TollwayError(
        Reason.REASON_REFERENCE_NOT_FOUND,
        f"{field}: the tenant has no {noun}",
        metadata={"field": field, "name": name},
    )
