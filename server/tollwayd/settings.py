"""Bootstrap settings: the environment over `tollway.yaml` over defaults. Whatever can change while the gateway runs is
configuration, and belongs to the Admin API instead."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from tollwayd import listeners
from tollwayd.core import failpoint
from tollwayd.listeners import Address
from tollwayd.start_error import MISTAKE, StartError
from tollwayd.translator.head.cors import Cors

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

PREFIX: Final = "TOLLWAY_"
CONFIG_VARIABLE: Final = "TOLLWAY_CONFIG"
"""Names the settings file; absent, `tollway.yaml` in the working directory is read where there is one."""

Networks = tuple[IPv4Network | IPv6Network, ...]
Origins = tuple[str, ...]
Given = dict[str, tuple[str, object]]  # By the setting's name: how the operator called it, and the value.

MAX_WORKERS: Final = 256
"""More than machines have cores."""

NEAR: Final = 0.75
"""How alike a name must be to one of ours, of 1, to be taken for a slip in it."""


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
    cors_origins: Origins = ()  # of pages whose scripts may call the REST listeners
    rest_unknown_fields: Literal["refuse", "ignore"] = "refuse"  # by the REST admin listener
    proxy_compression: Literal["off", "on"] = "off"  # of REST answers, for callers who ask for it
    admin_listener: Literal["aiohttp", "lean"] = "aiohttp"  # what reads REST requests from the wire
    proxy_listener: Literal["aiohttp", "lean"] = "lean"
    admin_grpc_listener: Literal["grpcio", "lean"] = "grpcio"  # what speaks HTTP/2 at the gRPC listeners
    proxy_grpc_listener: Literal["grpcio", "lean"] = "grpcio"
    workers: Annotated[int, Meta(ge=1, le=MAX_WORKERS)] = 1  # processes of `serve`
    drain_seconds: Annotated[float, Meta(ge=0, le=3600)] = 10.0  # how long calls may end after a stop is asked for
    log_format: Literal["text", "json"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def variable(name: str) -> str:
    """A setting's name in the environment, by which the operator is told of it."""
    return PREFIX + name.upper()


def load_settings(**options: object) -> Settings:
    """The settings in force; `options` of the command come first. StartError names each wrong one and what to write; it
    never shows a value."""
    kinds = get_type_hints(Settings, include_extras=True)
    given = {**_file(kinds), **_environment(kinds), **{name: (f"--{name}", value) for name, value in options.items()}}
    values: dict[str, Any] = {}
    wrong = []
    for name, (called, value) in given.items():
        try:
            values[name] = _read(kinds[name], value)
        except ValueError as error:
            wrong.append(f"{called}: {error}")
    if wrong:
        raise StartError("; ".join(wrong), status=MISTAKE)
    return Settings(**values)


def _environment(known: Collection[str]) -> Given:
    variables = {variable(name): name for name in known}
    present = {name for name in os.environ if name.startswith(PREFIX)}
    _refuse_unknown("", present - {failpoint.VARIABLE}, {*variables, CONFIG_VARIABLE})
    return {name: (called, os.environ[called]) for called, name in variables.items() if called in present}


def _file(known: Collection[str]) -> Given:
    named = os.environ.get(CONFIG_VARIABLE)
    path = Path(named or "tollway.yaml")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        if named:
            raise StartError(f"{CONFIG_VARIABLE} names a file that does not exist", status=MISTAKE) from None
        return {}
    except OSError as error:
        raise StartError(f"{path} cannot be read as a file of settings: {error.strerror}") from error
    try:
        values = msgspec.yaml.decode(content, type=dict[str, Any] | None) or {}
    except msgspec.DecodeError:
        raise StartError(f"{path} is not a YAML mapping of settings to values", status=MISTAKE) from None
    _refuse_unknown(f"{path}: ", values, known)
    return {name: (f"{path}: {name}", value) for name, value in values.items()}


def _refuse_unknown(where: str, given: Iterable[str], known: Collection[str]) -> None:
    if unknown := sorted(set(given).difference(known)):
        raise StartError("; ".join(where + _unknown(name, known) for name in unknown), status=MISTAKE)


def _unknown(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=NEAR)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
    return f"{name} is not a setting; {hint}"


def _read(kind: Any, value: object) -> object:
    """The value as its kind: text as the environment has it, or what YAML made of the file's. ValueError."""
    if get_origin(kind) is Literal:
        return _choice(get_args(kind), value)
    if read := _READERS.get(kind):
        return read(value)
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        raise ValueError(f"it has to be {_wanted(kind)}") from None


def _wanted(kind: Any) -> str:
    """What to write for a text or a number, in words."""
    # Of `Annotated[…] | None` the first part.
    kind = next((part for part in get_args(kind) if get_origin(part) is Annotated), kind)
    if get_origin(kind) is not Annotated:
        return "text"
    base, meta = get_args(kind)
    if base is str:
        return f"at least {meta.min_length} characters long"
    return f"{'a whole number' if base is int else 'a number'} from {meta.ge} to {meta.le}"


def _choice(choices: tuple[str, ...], value: object) -> object:
    if value not in choices:
        raise ValueError(f"it has to be one of {', '.join(choices)}")
    return value


def _address(value: object) -> Address:
    return listeners.parse(str(value))


def _networks(value: object) -> Networks:
    """Networks in CIDR notation: comma-separated, or a list in YAML."""
    listed = value if isinstance(value, list) else str(value).split(",")
    try:
        return tuple(ip_network(text) for part in listed if (text := str(part).strip()))
    except ValueError:
        raise ValueError("networks are written in CIDR notation, such as 10.0.0.0/8, with no bits beyond it") from None


def _origins(value: object) -> Origins:
    """Origins of pages: comma-separated, or a list in YAML."""
    listed = value if isinstance(value, list) else str(value).split(",")
    return Cors(tuple(text for part in listed if (text := str(part).strip()))).origins


def _path(value: object) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError("it has to be the path of a folder")
    return Path(value)


_READERS: Final[Mapping[Any, Callable[[object], object]]] = {
    Address: _address,
    Networks: _networks,
    Origins: _origins,
    Path: _path,
}
