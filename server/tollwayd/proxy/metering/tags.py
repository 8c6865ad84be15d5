"""The end user and the tags that a caller names for its usage."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

USER_HEADER: Final = "x-tollway-user"
TAGS_HEADER: Final = "x-tollway-tags"

MAX_USER: Final = 128
"""Characters of a user's name that are booked."""

MAX_TAGS: Final = 16
"""Tags of one call; those of the API key go first. Each combination of tags is a line of the usage."""

MAX_NAMED: Final = MAX_TAGS * 130
"""Characters of the header that are read: tags of which each is as long as it may be, with a comma and a space."""

_TAG: Final = re.compile(r"\s*([a-z][a-z0-9_-]{0,62})=([\w.@:/+-]{1,63})\s*", re.ASCII)


def fit(user: str) -> str:
    """A user's name, fit to be booked: without what is no letter or sign, and not too long."""
    if len(user) <= MAX_USER and user.isprintable():
        return user
    return "".join(filter(str.isprintable, user))[:MAX_USER]


def tags_of(of_key: tuple[str, ...], named: str) -> tuple[str, ...]:
    """The tags of a call, `name=value`, sorted: its key's, and those of the header `team=search,env=prod` whose names
    the key's do not have. A tag that is none is left out."""
    if len(named) > MAX_NAMED:
        named = named[:MAX_NAMED].rpartition(",")[0]  # What was cut in its middle is no tag.
    return _tags(of_key, named)


@lru_cache(maxsize=4096)
def _tags(of_key: tuple[str, ...], named: str) -> tuple[str, ...]:
    found = dict(tag.split("=", 1) for tag in of_key)
    for part in named.split(","):
        if len(found) < MAX_TAGS and (tag := _TAG.fullmatch(part)):
            found.setdefault(tag[1], tag[2])
    return tuple(sorted(f"{name}={value}" for name, value in found.items()))
