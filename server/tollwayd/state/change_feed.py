"""The change feed: a reader of the change log that waits, outlives outages, and ends where it would miss a write."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from tollwayd.state.change_log import BLOCK_SECONDS, LogGapError, Position, since, wait
from tollwayd.state.outage import OUTAGES, REPLY_SECONDS, pauses

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
                async with asyncio.timeout(BLOCK_SECONDS + REPLY_SECONDS):
                    changes, position = await since(client, position)
                    if not changes:
                        await wait(client, position)
            except LogGapError:
                _logger.warning("The change log does not continue from version %d.", position.version)
                return
            except OUTAGES as error:
                _logger.warning("The change feed cannot reach the store (%s); it tries again.", type(error).__name__)
                await asyncio.sleep(next(retries))
                continue
            retries = pauses()
            if changes:
                yield changes
