"""What spools keep is booked when the store is there: at the start what was left behind, later what an outage left."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import TollwayError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tollwayd.state.metering.spool.spool import Book, Spool

LOOK_SECONDS: Final = 1.0
"""Between two looks for files, others' too: their processes may have died."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def booking(spool: Spool, book: Book, reach: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Books what is kept, again and again, while the context is open, unless `reach` raises TollwayError, which it does
    while the store is away."""
    task = asyncio.create_task(_book_on(spool, book, reach), name="book what the spool keeps")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _book_on(spool: Spool, book: Book, reach: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await reach()
            if booked := await spool.replay(book):
                _log.info("%d settlements that were on disk are booked.", booked)
        except TollwayError:
            pass
        except OSError as error:
            _log.error("What the spool keeps cannot be booked: %s.", error.strerror)  # no defect
        except Exception:  # noqa: BLE001  # It is logged, and nothing of what is kept is given up.
            _log.exception("What the spool keeps cannot be booked; it is tried again.")
        await asyncio.sleep(LOOK_SECONDS)
