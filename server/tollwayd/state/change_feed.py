"""The change feed: a reader of the change log that waits, outlives outages, and ends where it would miss a write."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from tollwayd.state.change_log import LogGapError, Position, since, wait
from tollwayd.state.outage import pauses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from redis.asyncio import Redis

    from tollwayd.core.ports import Change

_logger = logging.getLogger(__name__)


async def follow(client: Redis, after: int) -> AsyncIterator[Sequence[Change]]:
    """The changes after a version, in batches; ends where the log does not continue from it. Closes the client."""
    position = Position(after)
    retries = pauses()
    async with client:
        while True:
            try:
                changes, position = await since(client, position)
                _heed_cancellation()
                if not changes:
                    await wait(client, position)
            except LogGapError:
                _logger.warning("The change log does not continue from version %d.", position.version)
                return
            except RedisError as error:
                _logger.warning("The change feed cannot reach the store (%s); it tries again.", type(error).__name__)
                await asyncio.sleep(next(retries))
                continue
            retries = pauses()
            if changes:
                yield changes


def _heed_cancellation() -> None:
    """Raises the cancellation that redis-py may have lost: it sends through `asyncio.wait_for`, which before Python
    3.12 swallows one that arrives as the sending is done (python/cpython#86296)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
