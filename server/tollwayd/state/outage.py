"""Outages of the store: what is tried again, when, and what callers are told in the end."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as LostConnectTimeoutError

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

P = ParamSpec("P")
T = TypeVar("T")

REPLY_SECONDS: Final = 2.0
"""Until an operation must be answered. The longest, a forced delete of a tenant with 50,000 resources, stays below."""

PATIENCE_SECONDS: Final = 3.0
"""How long an operation is tried again before its caller is told. A Sentinel failover takes 2 to 3 seconds."""

FIRST_PAUSE: Final = 0.05
"""Seconds before the second try at most: an embedded server that died is back in about as long."""

LONGEST_PAUSE: Final = 1.0
"""Seconds between two tries at most: how long after the store's return a waiting change feed may notice it."""

OUTAGES: Final = (RedisError, TimeoutError)
"""What the redis library, and a bound on its time, raise when the store does not do its work."""

# A replica is read-only until a failover promotes it.
_PASSING: Final = (TimeoutError, LostConnectionError, LostConnectTimeoutError, ReadOnlyError)


def pauses(longest: float = LONGEST_PAUSE) -> Iterator[float]:
    """Seconds to wait before each further try, without end: doubling, with full jitter so that replicas spread out."""
    bound = FIRST_PAUSE
    while True:
        yield random.uniform(0, bound)  # noqa: S311  # Jitter is no secret.
        bound = min(2 * bound, longest)


async def reach(operation: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs an operation that is safe to repeat, again where the connection or the reply was lost.

    Raises TollwayError REASON_STORE_UNAVAILABLE, with the library's error as its cause only.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    retries = pauses()
    while True:
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                return await operation(*args, **kwargs)
        except OUTAGES as error:
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not isinstance(error, _PASSING):
                raise TollwayError(Reason.REASON_STORE_UNAVAILABLE) from error
            await asyncio.sleep(min(next(retries), remaining))
