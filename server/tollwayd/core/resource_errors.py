"""What callers are told of a resource that does not exist, or does already: it by its name, which they have written.

A name that no resource can have may be anything, and is not said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["name_exists", "no_such_name", "not_found"]

_SAYABLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9/-]{0,255}")


def not_found(name: str) -> TollwayError:
    """REASON_RESOURCE_NOT_FOUND for a resource, with its `name` as metadata."""
    return _about(Reason.REASON_RESOURCE_NOT_FOUND, name, "does not exist.", {})


def name_exists(name: str) -> TollwayError:
    """REASON_RESOURCE_EXISTS for a name that is taken, with the `name` and the `conflict` of `ResourceStore.create`."""
    said = "exists already; an update (PATCH) changes it."
    return _about(Reason.REASON_RESOURCE_EXISTS, name, said, {"conflict": "name"})


def no_such_name() -> TollwayError:
    """REASON_RESOURCE_NOT_FOUND for a name that no resource of its kind can have."""
    return TollwayError(
        Reason.REASON_RESOURCE_NOT_FOUND,
        "No resource can have this name; ids are lower-case letters, digits and hyphens.",
    )


def _about(reason: Reason, name: str, said: str, metadata: Mapping[str, str]) -> TollwayError:
    message = f"{name} {said}" if _SAYABLE.fullmatch(name) else ""
    return TollwayError(reason, message, metadata={"name": name, **metadata})
