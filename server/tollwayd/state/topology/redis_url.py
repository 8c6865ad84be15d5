"""The URL of a Redis server, a Sentinel group or a cluster: read strictly, and never shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORMS: Final = (
    "a Redis is written redis://, rediss:// or unix://, and where it is; "
    "Sentinel redis+sentinel://host:26379,host:26379/service, a cluster redis+cluster://host:6379,host:6379"
)
"""What a URL may be; for the operator."""

_REDIS_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379


class Kind(Enum):
    """What a URL leads to."""

    SERVER = ""
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


class Address(NamedTuple):
    """Where a server listens; a Unix socket's path has no port."""

    host: str
    port: int | None

    def __str__(self) -> str:
        if self.port is None:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """What a URL says: the servers (or Sentinels) to begin at, and redis-py's options for connections to them.

    `service` is the name that the Sentinels know the master by; `sentinel_options` are for connections to them.
    """

    kind: Kind
    addresses: tuple[Address, ...]
    options: Mapping[str, Any] = field(repr=False)
    service: str = ""
    sentinel_options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        """Where it leads to, without credentials."""
        return ",".join(str(address) for address in self.addresses) + (f"/{self.service}" if self.service else "")


def parse(text: str) -> RedisUrl:
    """Reads a URL. ValueError, with a text for the operator that holds nothing of it."""
    try:
        return _parse(_Parts.of(text))
    except _MistakeError:
        raise
    except ValueError:
        # A library's text may hold a part of the URL, and with it the password.
        raise ValueError(FORMS) from None


class _MistakeError(ValueError):
    """A ValueError of ours, whose text may be shown."""


class _Parts(NamedTuple):
    """A URL's parts as they are written. urllib's parser knows no lists of hosts."""

    scheme: str
    credentials: str
    hosts: str
    path: str
    query: dict[str, str]

    @classmethod
    def of(cls, text: str) -> _Parts:
        scheme, _, rest = text.partition("://")
        rest, fragment, _ = rest.partition("#")
        rest, question, query = rest.partition("?")
        place, _, path = rest.partition("/")
        credentials, at, hosts = place.rpartition("@")
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(question))
        if fragment or "@" in path or "@" in credentials or len(dict(pairs)) < len(pairs):
            raise _MistakeError(f"{FORMS}; in a user name and password / ? # @ and : are percent-encoded")
        if at and not (credentials.partition(":")[1] and credentials.partition(":")[2]):
            raise _MistakeError("a password is written :password@host, or user:password@host")
        return cls(scheme.lower(), credentials, hosts, path, dict(pairs))


def _parse(parts: _Parts) -> RedisUrl:
    if parts.scheme == "unix":
        return _unix(parts)
    scheme, plus, kind = parts.scheme.partition("+")
    if scheme not in ("redis", "rediss") or bool(plus) != bool(kind):
        raise ValueError(parts.scheme)
    return _servers(Kind(kind), parts, tls=scheme == "rediss")


def _unix(parts: _Parts) -> RedisUrl:
    if parts.hosts or not parts.path:
        raise _MistakeError("a socket is written unix:///path/of/the/socket")
    options = {"connection_class": UnixDomainSocketConnection, **_credentials(parts), **_options(parts.query, _COMMON)}
    return RedisUrl(Kind.SERVER, (Address("/" + unquote(parts.path), None),), options)


def _servers(kind: Kind, parts: _Parts, *, tls: bool) -> RedisUrl:
    port = _SENTINEL_PORT if kind is Kind.SENTINEL else _REDIS_PORT
    addresses = tuple(_address(written, port) for written in (parts.hosts or "localhost").split(","))
    if kind is Kind.SERVER and len(addresses) > 1:
        raise _MistakeError("several servers are a Sentinel group, redis+sentinel://, or a cluster, redis+cluster://")
    service, number = _path(kind, parts.path)
    connection = {"connection_class": SSLConnection if tls else Connection}
    known = _COMMON | (_TLS if tls else {}) | (_SENTINEL if kind is Kind.SENTINEL else {})
    given = _options(parts.query, known)
    sentinel = {name.removeprefix("sentinel_"): given.pop(name) for name in _SENTINEL if name in given}
    options = {**connection, **_credentials(parts), **({"db": number} if number else {}), **given}
    if kind is Kind.CLUSTER and options.get("db"):
        raise _MistakeError("a cluster has no database but 0")
    shared = {name: value for name, value in given.items() if name in _TLS or name == "client_name"}
    return RedisUrl(kind, addresses, options, service, {**connection, **shared, **sentinel})


def _address(written: str, default: int) -> Address:
    if written.startswith("["):
        host, bracket, rest = written[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError
        port = rest[1:] if rest else str(default)
    else:
        host, colon, port = written.partition(":")
        port = port if colon else str(default)
    if not host:
        raise _MistakeError("a host has a name")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise _MistakeError(f"{FORMS}; a port is a number from 1 to 65535")
    return Address(unquote(host), int(port))


def _path(kind: Kind, path: str) -> tuple[str, int]:
    """The service's name and the database that a path says; '' and 0 where it does not."""
    service, _, number = path.partition("/") if kind is Kind.SENTINEL else ("", "", path)
    if kind is Kind.SENTINEL and not service:
        raise _MistakeError("Sentinel's URL ends with the name of the service: redis+sentinel://host:26379/mymaster")
    return unquote(service), _number(number) if number else 0


def _credentials(parts: _Parts) -> dict[str, str]:
    user, _, password = parts.credentials.partition(":")
    given = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in given.items() if value}


def _options(query: dict[str, str], known: Mapping[str, Callable[[str], Any]]) -> dict[str, Any]:
    if not query.keys() <= known.keys():
        raise _MistakeError(f"of parameters it may have {', '.join(sorted(known))}")
    return {name: known[name](value) for name, value in query.items()}


def _number(written: str) -> int:
    if not written.isascii() or not written.isdigit() or len(written) > 6:
        raise _MistakeError("a database is a number")
    return int(written)


def _flag(written: str) -> bool:
    try:
        return {"true": True, "false": False}[written.lower()]
    except KeyError:
        raise _MistakeError("ssl_check_hostname is true or false") from None


_COMMON: Final[dict[str, Callable[[str], Any]]] = {
    "db": _number,
    "username": str,
    "password": str,
    "client_name": str,
}
_TLS: Final[dict[str, Callable[[str], Any]]] = {
    "ssl_ca_certs": str,
    "ssl_ca_path": str,
    "ssl_certfile": str,
    "ssl_keyfile": str,
    "ssl_check_hostname": _flag,
}
_SENTINEL: Final[dict[str, Callable[[str], Any]]] = {"sentinel_username": str, "sentinel_password": str}
