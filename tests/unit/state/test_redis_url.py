"""URLs of servers, Sentinel groups and clusters: read strictly, told without secrets."""

from __future__ import annotations

import re

import pytest
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

from tollwayd.state.topology.redis_url import Address, Kind, parse

PLAIN = {"connection_class": Connection}
TLS = {"connection_class": SSLConnection}


@pytest.mark.parametrize(
    ("url", "kind", "addresses", "options"),
    [
        ("redis://", Kind.SERVER, [("localhost", 6379)], PLAIN),
        ("redis://db", Kind.SERVER, [("db", 6379)], PLAIN),
        ("REDIS://db:6380/3", Kind.SERVER, [("db", 6380)], PLAIN | {"db": 3}),
        ("redis://:p%40ss%2F@db?db=2", Kind.SERVER, [("db", 6379)], PLAIN | {"password": "p@ss/", "db": 2}),
        ("redis://me:a:b@[::1]:7/", Kind.SERVER, [("::1", 7)], PLAIN | {"username": "me", "password": "a:b"}),
        ("rediss://db", Kind.SERVER, [("db", 6379)], TLS),
        (
            "rediss://db?ssl_ca_certs=%2Fca.pem&ssl_check_hostname=false&client_name=gate",
            Kind.SERVER,
            [("db", 6379)],
            TLS | {"ssl_ca_certs": "/ca.pem", "ssl_check_hostname": False, "client_name": "gate"},
        ),
        (
            "unix:///run/re%20dis.sock?password=x&db=1",
            Kind.SERVER,
            [("/run/re dis.sock", None)],
            {"connection_class": UnixDomainSocketConnection, "password": "x", "db": 1},
        ),
        ("redis+cluster://a:7000,b,[::1]:7", Kind.CLUSTER, [("a", 7000), ("b", 6379), ("::1", 7)], PLAIN),
        ("rediss+cluster://:x@a", Kind.CLUSTER, [("a", 6379)], TLS | {"password": "x"}),
        ("redis+sentinel://a,b:7/main", Kind.SENTINEL, [("a", 26379), ("b", 7)], PLAIN),
        (
            "redis+sentinel://u:x@a/main/4",
            Kind.SENTINEL,
            [("a", 26379)],
            PLAIN | {"username": "u", "password": "x", "db": 4},
        ),
    ],
)
def test_what_is_said_is_read(url, kind, addresses, options):
    read = parse(url)
    assert (read.kind, list(read.addresses), read.options) == (kind, addresses, options)
    assert read.service == ("main" if kind is Kind.SENTINEL else "")


def test_sentinels_have_credentials_of_their_own():
    read = parse("rediss+sentinel://:data@a/main?sentinel_username=u&sentinel_password=p&ssl_ca_path=/c&db=1")
    assert read.options == TLS | {"password": "data", "ssl_ca_path": "/c", "db": 1}
    assert read.sentinel_options == TLS | {"username": "u", "password": "p", "ssl_ca_path": "/c"}
    assert parse("redis+sentinel://:data@a/main").sentinel_options == PLAIN


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://:canary@a:1,b:2", "redis+cluster://"),
        ("redis+sentinel://:canary@a", "the name of the service"),
        ("redis+sentinel://:canary@a/", "the name of the service"),
        ("redis+cluster://:canary@a/1", "no database but 0"),
        ("redis+cluster://:canary@a?db=1", "no database but 0"),
        ("redis+cluster://:canary@a?sentinel_password=canary", "of parameters it may have"),
        ("redis://a?ssl_ca_certs=canary", "of parameters it may have client_name, db, password, username"),
        ("redis://a?max_connections=5", "of parameters it may have"),
        ("redis://a/canary", "a database is a number"),
        ("redis://a/-1", "a database is a number"),
        ("redis://a:0", "from 1 to 65535"),
        ("redis://a:", "from 1 to 65535"),
        ("redis://a,", "a host has a name"),
        ("redis+cluster://a,", "a host has a name"),
        ("redis://canary@a", ":password@host"),
        ("redis://canary:@a", ":password@host"),
        ("redis://:can/ary@a", "percent-encoded"),
        ("redis://:can#ary@a", "percent-encoded"),
        ("redis://:can?ary@a", "redis://"),
        ("redis://:can@ary@a", "percent-encoded"),
        ("redis://a?db=1&db=2", "percent-encoded"),
        ("unix://a/canary", "unix:///"),
        ("unix://", "unix:///"),
        ("rediss://a?ssl_check_hostname=canary", "true or false"),
        ("redis+canary://a", "redis+sentinel://"),
        ("redis+://a", "redis+sentinel://"),
        ("unix+cluster:///a", "redis+sentinel://"),
        ("redis://[::1", "redis://"),
        ("redis://[::1]7", "redis://"),
    ],
)
def test_what_is_not_understood_is_refused_and_not_shown(url, told):
    with pytest.raises(ValueError, match=re.escape(told)) as error:
        parse(url)
    assert "canary" not in str(error.value)


def test_where_it_leads_is_told_without_credentials():
    sentinels = parse("redis+sentinel://user:canary@a,[::1]:7/main?sentinel_password=canary")
    assert str(sentinels) == "a:26379,[::1]:7/main"
    assert "canary" not in repr(sentinels)
    assert str(Address("/run/a", None)) == "/run/a"
