"""A gateway of the benchmark's own: `tollway serve` in a process and a folder of its own, set up by the Admin API."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_ADMIN_KEY: Final = "benchmark-root-credential"
_SECONDS: Final = 30
_LISTENERS: Final = ("ADMIN_HTTP", "PROXY_HTTP", "ADMIN_GRPC", "PROXY_GRPC", "METRICS_HTTP")
_RATES: Final = {part: {"currencyCode": "USD", "units": units} for part, units in (("input", "2"), ("output", "8"))}

DIALECTS: Final = {"openai": ("openai.chat", "/v1"), "anthropic": ("anthropic.messages", "")}
"""Dialects that a provider of the benchmark may speak, and the path of its base URL."""


class BenchmarkError(Exception):
    """What keeps the benchmark from measuring; the text is for whoever started it."""


class GatewayProcess:
    """`with GatewayProcess(folder) as gateway:` runs one on free ports of loopback, with its data and its log in the
    folder. Gateways of one folder share a Redis.

    `before` are words before the command, such as `taskset -c 1`, `options` words behind it; `settings` are added to
    the environment.
    """

    def __init__(
        self,
        folder: Path,
        *,
        before: Sequence[str] = (),
        options: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._log = folder / "log"
        self._before = before
        self._options = options
        self._settings = settings or {}

    def __enter__(self) -> Self:
        command = [*self._before, sys.executable, "-m", "tollwayd", "serve", *self._options]
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603  # This Python, and words of the benchmark's own.
                command, stdout=subprocess.PIPE, stderr=log, env=self._environment()
            )
        assert self.process.stdout is not None
        if b"ready\n" not in self.process.stdout:
            self.__exit__()
            raise BenchmarkError(f"the gateway does not start: {(self._folder / 'log').read_text()}")
        addresses = json.loads((self._folder / "data" / "listeners.json").read_text())
        self.addresses: dict[str, str] = addresses
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def port(self, listener: str) -> int:
        """The port of a listener, such as `proxy_http`."""
        return int(self.addresses[listener].rpartition(":")[2])

    def admin(self, path: str, body: Mapping[str, Any]) -> Any:
        """Creates something by the Admin API; what it answers."""
        headers = {"Authorization": f"Bearer {_ADMIN_KEY}", "Content-Type": "application/json"}
        url = f"http://{self.addresses['admin_http']}/v1/{path}"
        try:
            with urlopen(Request(url, json.dumps(body).encode(), headers), timeout=_SECONDS) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            raise BenchmarkError(f"{path}: {error.read().decode()}") from error

    def tenant(self, providers: Mapping[str, str], policies: Mapping[str, Mapping[str, Any]]) -> str:
        """A tenant with a provider and a model of its name for each URL by dialect, whose models have a price, and with
        these policies. Gives the secret of a key."""
        tenant = f"tenants/bench-{secrets.token_hex(4)}"
        self.admin(f"tenants?tenant_id={tenant.partition('/')[2]}", {})
        for dialect, url in providers.items():
            wire, path = DIALECTS[dialect]
            provider = {"dialect": wire, "baseUrl": url + path, "credential": {"apiKey": "sk-of-the-benchmark"}}
            self.admin(f"{tenant}/providers?provider_id={dialect}", provider)
            model = {"publicName": dialect, "targets": [{"provider": dialect, "model": dialect}]}
            self.admin(f"{tenant}/models?model_id={dialect}", model)
        self.admin(f"{tenant}/prices?price_id=all", {"model": "*", "rates": _RATES})
        for policy, rule in policies.items():
            self.admin(f"{tenant}/policies?policy_id={policy}", rule)
        return str(self.admin(f"{tenant}/apiKeys?api_key_id=app", {})["secret"])

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOLLWAY_")}
        settings = {
            "TOLLWAY_DATA_DIR": str(self._folder / "data"),
            "TOLLWAY_ADMIN_KEY": _ADMIN_KEY,
            "TOLLWAY_EGRESS_ALLOW": "127.0.0.0/8",
            "TOLLWAY_DRAIN_SECONDS": "0",
            **{f"TOLLWAY_{name}": "127.0.0.1:0" for name in _LISTENERS},
        }
        return {**inherited, **settings, **self._settings, "PYTHONUNBUFFERED": "1"}
