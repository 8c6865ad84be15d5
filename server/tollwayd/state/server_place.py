"""Where the operator's own Redis is, and why it does not serve us: in words that hold no credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.asyncio.connection import parse_url
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError
from redis.exceptions import ConnectionError as LostConnectionError

if TYPE_CHECKING:
    from tollwayd.core.errors import TollwayError


def place(url: str) -> str:
    """The `host:port` or the socket's path of a URL, without user name and password. ValueError for no such URL."""
    try:
        options = parse_url(url)
        return str(options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}")
    except (ValueError, TypeError):
        # The library's text may hold a part of the URL, and with it the password.
        raise ValueError("a Redis is written redis://, rediss:// or unix://, and where it is") from None


def trouble(error: TollwayError) -> str:
    """What a store's REASON_STORE_UNAVAILABLE came from, and what to do, to follow on the name of its place."""
    cause = error.__cause__
    # The library has AuthenticationError among the lost connections.
    if isinstance(cause, AuthenticationError | NoPermissionError):
        return "refuses the user name or password, or lets that user do too little; mend the URL, or the user's rights"
    if isinstance(cause, ResponseError) and not isinstance(cause, LostConnectionError):
        return "refuses what the gateway asks of it; it has to be a Redis 6.2 or newer that can be written to"
    return "does not answer; start it, or set the URL of one that runs"
