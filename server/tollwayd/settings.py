"""Bootstrap settings: the environment over `tollway.yaml` over defaults. Whatever can change while the gateway runs is
configuration, and belongs to the Admin API instead."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

PREFIX: Final = "TOLLWAY_"
CONFIG_VARIABLE: Final = "TOLLWAY_CONFIG"
"""Names the settings file; absent, `tollway.yaml` in the working directory is read where there is one."""

Address = tuple[str, int]
Networks = tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting. In the environment their names are upper case with the prefix `TOLLWAY_`."""

    admin_http: Address = ("127.0.0.1", 8080)
    proxy_http: Address = ("127.0.0.1", 8081)
    admin_grpc: Address = ("127.0.0.1", 9080)
    proxy_grpc: Address = ("127.0.0.1", 9081)
    metrics_http: Address = ("127.0.0.1", 9090)  # /metrics, /healthz and /readyz
    data_dir: Path = Path(".tollway")
    redis_url: str | None = field(default=None, repr=False)  # instead of the embedded one
    admin_key: Annotated[str, Meta(min_length=16)] | None = field(default=None, repr=False)  # of the Admin API
    master_keys: str | None = field(default=None, repr=False)  # the keyring, `id:base64` of 32 bytes, comma-separated
    egress_allow: Networks = ()  # networks that providers may be in though they are not public
    max_body_bytes: Annotated[int, Meta(ge=1024, le=1024**3)] = 32 * 1024 * 1024  # of a proxy call
    rest_unknown_fields: Literal["refuse", "ignore"] = "refuse"  # by the REST admin listener
    drain_seconds: Annotated[float, Meta(ge=0, le=3600)] = 10.0  # how long calls may end after a stop is asked for
    log_format: Literal["text", "json"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def load_settings(**overrides: object) -> Settings:
    """The settings in force. ValueError names each wrong one and what to do; it never shows a value."""
    kinds = get_type_hints(Settings, include_extras=True)
    given = {**_file(kinds), **_environment(kinds), **overrides}
    values: dict[str, Any] = {}
    wrong = []
    for name, value in given.items():
        try:
            values[name] = _read(kinds[name], value)
        except (ValueError, msgspec.ValidationError) as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        raise ValueError("; ".join(wrong))
    return Settings(**values)


def _environment(known: Collection[str]) -> dict[str, str]:
    variables = {f"{PREFIX}{name.upper()}": name for name in known}
    present = {name for name in os.environ if name.startswith(PREFIX)}
    _refuse_unknown("in the environment", present, {*variables, CONFIG_VARIABLE})
    return {name: os.environ[variable] for variable, name in variables.items() if variable in present}


def _file(known: Collection[str]) -> dict[str, object]:
    named = os.environ.get(CONFIG_VARIABLE)
    path = Path(named or "tollway.yaml")
    if not path.is_file():
        if named:
            raise ValueError(f"{CONFIG_VARIABLE} names a file that does not exist")
        return {}
    try:
        values = msgspec.yaml.decode(path.read_bytes(), type=dict[str, Any] | None) or {}
    except msgspec.DecodeError:
        raise ValueError(f"{path} is not a YAML mapping of settings to values") from None
    _refuse_unknown(f"in {path}", values, known)
    return values


def _refuse_unknown(where: str, given: Iterable[str], known: Collection[str]) -> None:
    if unknown := sorted(set(given).difference(known)):
        raise ValueError(f"unknown settings {where}: {', '.join(unknown)}; known are {', '.join(sorted(known))}")


def _read(kind: Any, value: object) -> object:
    """The value as its kind: text as the environment has it, or what YAML made of the file's."""
    if get_origin(kind) is Literal:
        return _choice(get_args(kind), value)
    read = _READERS.get(kind)
    return read(value) if read else msgspec.convert(value, kind, strict=False)


def _choice(choices: tuple[str, ...], value: object) -> object:
    if value not in choices:
        raise ValueError(f"it is one of {', '.join(choices)}")
    return value


def _address(value: object) -> Address:
    """`host:port`, `[::1]:port` or `:port` (every interface)."""
    host, _, port = str(value).rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise ValueError("an address is written host:port, with a port from 0 to 65535")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104  # asked for by leaving the host out


def _networks(value: object) -> Networks:
    """Networks in CIDR notation: comma-separated, or a list in YAML."""
    listed = value if isinstance(value, list) else str(value).split(",")
    try:
        return tuple(ip_network(text) for part in listed if (text := str(part).strip()))
    except ValueError:
        raise ValueError("networks are written in CIDR notation, such as 10.0.0.0/8, with no bits beyond it") from None


def _path(value: object) -> Path:
    return Path(msgspec.convert(value, str))


_READERS: Final[Mapping[Any, Callable[[object], object]]] = {Address: _address, Networks: _networks, Path: _path}
