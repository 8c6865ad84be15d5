"""Where the operator's Redis is and why it does not serve, in words that hold no credential."""

from __future__ import annotations

import pytest
from redis.exceptions import AuthenticationError, MovedError, NoPermissionError, ResponseError
from redis.exceptions import ConnectionError as LostConnectionError

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.state.server_place import place, trouble
from tollwayd.state.topology.sentinel import UnknownServiceError


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://user:canary@db:6380/1", "db:6380"),
        ("rediss://:canary@db", "db:6379"),
        ("redis://", "localhost:6379"),
        ("unix:///run/redis.sock?password=canary", "/run/redis.sock"),
        ("redis+sentinel://:canary@a,b:7/main?sentinel_password=canary", "a:26379,b:7/main"),
        ("redis+cluster://user:canary@a:7000,b:7001", "a:7000,b:7001"),
    ],
)
def test_a_place_is_told_without_credentials(url, said):
    assert place(url) == said


@pytest.mark.parametrize("url", ["http://:canary@db", "redis://:canary@db:port", "redis://:canary@[db", "canary", ""])
def test_what_is_no_url_of_a_redis_is_refused_and_not_shown(url):
    with pytest.raises(ValueError, match="redis://, rediss:// or unix://") as error:
        place(url)
    assert "canary" not in str(error.value)


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (AuthenticationError("canary"), "refuses the user name or password"),
        (NoPermissionError("canary"), "refuses the user name or password"),
        (ResponseError("canary"), "refuses what the gateway asks of it"),
        (LostConnectionError("canary"), "does not answer; start it"),
        (TimeoutError("canary"), "does not answer; start it"),
        (UnknownServiceError("canary"), "watches no service of that name"),
        (MovedError("1 canary:7000"), "is a cluster; write redis+cluster://"),
    ],
)
def test_the_cause_is_told_with_what_to_do(cause, said):
    error = TollwayError(Reason.REASON_STORE_UNAVAILABLE)
    error.__cause__ = cause
    assert trouble(error).startswith(said)
    assert "canary" not in trouble(error)
