"""The change log: a Redis stream of every write, and how a reader knows that it has missed none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from tollwayd.core.ports import Change
from tollwayd.state import keys
from tollwayd.state.script import Script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

BATCH: Final = 500
"""Entries read at once: enough to catch up quickly, few enough not to hold Redis up."""

BLOCK_SECONDS: Final = 1.0
"""How long a reader waits in one command: so often it looks whether the log still is the one that it follows."""

_SINCE: Final = Script("since.lua")


class LogGapError(Exception):
    """The log does not continue from a position: it was trimmed, emptied, or replaced by another history."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a reader has come: a version, and the id of the write that made it, None where it is not known yet."""

    version: int
    write: bytes | None = None


async def head(client: Redis) -> Position:
    """The position after the last change."""
    version, write = cast("list[Any]", await client.hmget(keys.HEAD, ["version", "write"]))
    return Position(int(version or 0), write or b"")


async def since(client: Redis, position: Position) -> tuple[list[Change], Position]:
    """Up to BATCH changes after a position, and the position after them; no change means that there is none yet.

    Raises LogGapError and errors of the redis library.
    """
    version, write, entries = await _SINCE.run(client, (keys.HEAD, keys.CHANGES), position.version, BATCH)
    return _continue(position, Position(version, write), entries)


async def wait(client: Redis, position: Position) -> None:
    """Returns when there may be changes after a position, or BLOCK_SECONDS have passed."""
    await client.xread({keys.CHANGES: f"{position.version}-0"}, count=1, block=int(BLOCK_SECONDS * 1000))


def _continue(position: Position, last: Position, entries: Sequence[Any]) -> tuple[list[Change], Position]:
    if not entries:
        _expect(last.version == position.version and position.write in (None, last.write))
        return [], last
    changes = []
    for entry_id, fields in entries:
        entry = dict(zip(fields[::2], fields[1::2], strict=True))
        version = int(entry_id.partition(b"-")[0])
        _expect(version == position.version + 1 and position.write in (None, entry[b"previous"]))
        changes.append(Change(version, entry[b"name"].decode(), entry.get(b"record")))
        position = Position(version, entry[b"write"])
    return changes, position


def _expect(continues: bool) -> None:  # noqa: FBT001  # It reads as the sentence it is.
    if not continues:
        raise LogGapError
