"""Where the operator's own Redis is, and why it does not serve us: in words that hold no credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.exceptions import AskError, AuthenticationError, NoPermissionError, ResponseError
from redis.exceptions import ConnectionError as LostConnectionError

from tollwayd.state.topology.redis_url import parse
from tollwayd.state.topology.sentinel import UnknownServiceError

if TYPE_CHECKING:
    from tollwayd.core.errors import TollwayError


def place(url: str) -> str:
    """Where a URL leads to, without user name and password: `host:port`, a socket's path, several of the first with
    commas, and for Sentinel the service. ValueError for no such URL, with what it has to be."""
    return str(parse(url))


def trouble(error: TollwayError) -> str:
    """What a store's REASON_STORE_UNAVAILABLE came from, and what to do, to follow on the name of its place."""
    cause = error.__cause__
    # The library has AuthenticationError among the lost connections, and may wrap it in another of them.
    if isinstance(cause, AuthenticationError | NoPermissionError) or (
        cause and isinstance(cause.__cause__, AuthenticationError)
    ):
        return "refuses the user name or password, or lets that user do too little; mend the URL, or the user's rights"
    if isinstance(cause, UnknownServiceError):
        return "watches no service of that name; mend the URL"
    if isinstance(cause, AskError):
        return "is a cluster; write redis+cluster:// before its nodes"
    if isinstance(cause, ResponseError) and not isinstance(cause, LostConnectionError):
        return "refuses what the gateway asks of it; it has to be a Redis 6.2 or newer that can be written to"
    return "does not answer; start it, or set the URL of one that runs"
