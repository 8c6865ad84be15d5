"""Bootstrap settings: the environment over `tollway.yaml` over defaults. Whatever can change while the gateway runs is
configuration, and belongs to the Admin API instead."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

PREFIX = "TOLLWAY_"
CONFIG_VARIABLE = "TOLLWAY_CONFIG"
"""Names the settings file; absent, `tollway.yaml` in the working directory is read where there is one."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _address(value: object) -> object:
    """`host:port`, `[::1]:port` or `:port` (every interface) as (host, port)."""
    if not isinstance(value, str):
        return value
    host, _, port = value.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise ValueError("an address is written host:port, with a port from 0 to 65535")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104  # asked for by leaving the host out


def _networks(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Address = Annotated[tuple[str, int], NoDecode, BeforeValidator(_address)]


class Settings(BaseSettings):
    """Every setting. In the environment their names are upper case with the prefix `TOLLWAY_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", hide_input_in_errors=True)

    admin_http: Address = Field(("127.0.0.1", 8080), description="REST admin listener.")
    proxy_http: Address = Field(("127.0.0.1", 8081), description="REST proxy listener.")
    admin_grpc: Address = Field(("127.0.0.1", 9080), description="gRPC admin listener.")
    proxy_grpc: Address = Field(("127.0.0.1", 9081), description="gRPC proxy listener.")
    metrics_http: Address = Field(("127.0.0.1", 9090), description="Listener of /metrics, /healthz and /readyz.")
    data_dir: Path = Field(Path(".tollway"), description="Where the gateway keeps its files.")
    redis_url: SecretStr | None = Field(None, description="A Redis to use instead of the embedded one.")
    admin_key: SecretStr | None = Field(None, min_length=16, description="The root credential of the Admin API.")
    master_keys: SecretStr | None = Field(None, description="The keyring, `id:base64` of 32 bytes, comma-separated.")
    egress_allow: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = Field(
        (), description="Networks (CIDR, comma-separated) that providers may be in though they are not public."
    )
    max_body_bytes: int = Field(32 * 1024 * 1024, ge=1024, le=1024**3, description="The largest body of a proxy call.")
    rest_unknown_fields: Literal["refuse", "ignore"] = Field(
        "refuse", description="What the REST admin listener does with fields that a request does not have."
    )
    drain_seconds: float = Field(10.0, ge=0, le=3600, description="How long calls may end after a stop is asked for.")
    log_format: Literal["text", "json"] = Field("json", description="How log lines are written.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least level logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file over defaults; no .env files, no secret folders."""
        del dotenv_settings, file_secret_settings
        path = os.environ.get(CONFIG_VARIABLE, "tollway.yaml")
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls, yaml_file=path)


def load_settings(**overrides: object) -> Settings:
    """The settings in force. ValueError names each wrong one and what to do; it never shows a value."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {CONFIG_VARIABLE}
    if unknown := sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known):
        raise ValueError(f"unknown settings in the environment: {', '.join(unknown)}; known are {sorted(known)}")
    named = os.environ.get(CONFIG_VARIABLE)
    if named and not Path(named).is_file():
        raise ValueError(f"{CONFIG_VARIABLE} names a file that does not exist")
    return Settings(**overrides)  # type: ignore[arg-type]
