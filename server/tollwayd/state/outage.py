"""Outages of the store: what is tried again, when, and what callers are told in the end."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import time
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from redis.exceptions import AskError, ClusterDownError, ReadOnlyError, RedisError, ResponseError, TryAgainError
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import TimeoutError as LostConnectTimeoutError

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

P = ParamSpec("P")
T = TypeVar("T")

REPLY_SECONDS: Final = 2.0
"""Until an operation must be answered. The longest, a forced delete of a tenant with 50,000 resources, stays below."""

PATIENCE_SECONDS: Final = 4.0
"""How long an operation is tried again before its caller is told. A Sentinel failover takes 2 to 3 seconds."""

FIRST_PAUSE: Final = 0.05
"""Seconds before the second try at most: an embedded server that died is back in about as long."""

LONGEST_PAUSE: Final = 1.0
"""Seconds between two tries at most: how long after the store's return a waiting change feed may notice it."""

LONGEST_REACH_PAUSE: Final = 0.25
"""The same for an operation that somebody waits for."""

OUTAGES: Final = (RedisError, TimeoutError)
"""What the redis library, and a bound on its time, raise when the store does not do its work."""

# A replica is read-only until a failover promotes it; a cluster moves slots between its servers.
_PASSING: Final = (
    TimeoutError,
    LostConnectionError,
    LostConnectTimeoutError,
    ReadOnlyError,
    ClusterDownError,
    TryAgainError,
    AskError,  # Also MovedError.
)

# The same, and more, as redis-py leaves it, or as Redis 6 words it for a script: "... @user_script: 12: -READONLY ...".
_PASSING_WORDS: Final = re.compile(r"(?:^|[ -])(READONLY|NOREPLICAS|UNBLOCKED|MASTERDOWN) ")

_REFUSALS: Final = {
    "OOM": "its memory is full (OOM); give it more (maxmemory), nothing is written until then",
    "MISCONF": "it cannot write its data to its disk (MISCONF)",
    "NOPERM": "its user may do too little (NOPERM)",
    "CROSSSLOT": "it is a cluster, but the URL does not say so (CROSSSLOT)",
}
_REFUSAL_WORDS: Final = re.compile(r"(?:^|[ -])(OOM|MISCONF|NOPERM) ")

_logger = logging.getLogger(__name__)


def passes(error: BaseException) -> bool:
    """Whether an error of a command is of a state that passes: the connection lost, a failover, a slot that moves."""
    if isinstance(error, ResponseError) and _PASSING_WORDS.search(str(error)):
        return True
    return isinstance(error, _PASSING)


def refusal(error: BaseException) -> str:
    """Why the store refuses a command, for the log. Redis's own text may quote what was sent, and with it secrets."""
    found = _REFUSAL_WORDS.search(str(error))
    code = found[1] if found else getattr(error, "status_code", None) or type(error).__name__
    return _REFUSALS.get(code, code)


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
    retries = pauses(LONGEST_REACH_PAUSE)
    while True:
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                return await operation(*args, **kwargs)
        except OUTAGES as error:
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not passes(error):
                if not passes(error):
                    _logger.error("The store refuses a command: %s.", refusal(error))  # noqa: TRY400  # It tells all.
                raise TollwayError(Reason.REASON_STORE_UNAVAILABLE) from error
            await asyncio.sleep(min(next(retries), remaining))
