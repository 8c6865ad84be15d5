"""Which time zones there are."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from tollwayd.core.errors import invalid_field

__all__ = ["check_zone"]


def check_zone(path: str, name: str) -> None:
    """REASON_FIELD_INVALID where this is no time zone; an empty name is UTC's."""
    if name and name not in _zones():
        raise invalid_field(path, 'is no time zone of the IANA database; write one such as "Europe/Berlin" or "UTC"')


@cache
def _zones() -> frozenset[str]:
    # Those of the package, which every replica has, and not what else lies in a folder of this machine.
    return frozenset(files("tzdata").joinpath("zones").read_text().split())
