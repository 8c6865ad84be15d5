"""A real gateway for tests: `tollway serve` as a process of its own, on free ports, driven from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.running.logged_process import LoggedProcess

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
ADMIN_KEY = "tests-root-credential"
START_SECONDS = 30
LISTENERS = ("ADMIN_HTTP", "PROXY_HTTP", "ADMIN_GRPC", "PROXY_GRPC", "METRICS_HTTP")

_numbers = count(1)


class Gateway(LoggedProcess):
    """`with Gateway(folder) as gateway:` starts it, and stops it as Ctrl-C would. A setting of None is left unset;
    `command` may have options."""

    def __init__(self, data_dir: Path, *, command: str = "serve", **settings: str | None) -> None:
        self.data_dir = data_dir
        self.command = command
        self.settings = settings
        self.program = ("-m", "tollwayd")
        self.output: list[str] = []
        super().__init__()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts the process and waits until it says that it is ready."""
        self.process = subprocess.Popen(
            [sys.executable, *self.program, *self.command.split()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment(),
            cwd=ROOT,
        )
        self.collect_log()
        watchdog = threading.Timer(START_SECONDS, self.process.kill)
        watchdog.start()
        for line in self.process.stdout:
            self.output.append(line.rstrip("\n"))
            if line.strip() == "ready":
                break
        else:
            raise AssertionError("the gateway did not start:\n" + "\n".join(self.output + self.log))
        watchdog.cancel()
        self.addresses = json.loads((self.data_dir / "listeners.json").read_text())

    def url(self, listener: str) -> str:
        """`http://host:port` of a listener."""
        return f"http://{self.addresses[listener]}"

    def admin(self) -> Admin:
        """A client of the Admin API over REST, as a script would use it."""
        return Admin(self.url("admin_http"))

    def logged(self, method: str) -> dict[str, Any]:
        """The fields of the one log line of a call to this method, once it is written."""
        return self._line(f"call of {method}", lambda line: line.get("method", "").endswith(method))

    def line_of(self, call: str) -> dict[str, Any]:
        """The fields of the one log line of the call of this id, once it is written."""
        return self._line(f"call {call}", lambda line: line.get("call") == call)

    def event(self, name: str) -> dict[str, Any]:
        """The fields of the one log line of this event, once it is written."""
        return self._line(name, lambda line: line["event"] == name)

    def until_logged(self, name: str, count: int) -> None:
        """Waits for so many log lines of this event."""
        with self._logged:
            if not self._logged.wait_for(lambda: [it["event"] for it in self.lines()].count(name) >= count, timeout=10):
                raise AssertionError(f"{name} was not logged {count} times")

    def _line(self, title: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        with self._logged:
            if not self._logged.wait_for(lambda: any(map(wanted, self.lines())), timeout=10):
                raise AssertionError(f"no {title} was logged")
            (line,) = filter(wanted, self.lines())
        return line

    def _environment(self) -> dict[str, str]:
        settings = {
            "TOLLWAY_DATA_DIR": str(self.data_dir),
            "TOLLWAY_ADMIN_KEY": ADMIN_KEY,
            "TOLLWAY_EGRESS_ALLOW": "127.0.0.0/8",
            "TOLLWAY_DRAIN_SECONDS": "1",
            **{f"TOLLWAY_{name}": "127.0.0.1:0" for name in LISTENERS},
            **{f"TOLLWAY_{name.upper()}": value for name, value in self.settings.items()},
        }
        return environment() | {name: value for name, value in settings.items() if value is not None}


def environment() -> dict[str, str]:
    """This process's environment without settings of the gateway, for processes that run this checkout's code."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOLLWAY_")}
    paths = f"{ROOT / 'server'}:{ROOT / 'gen' / 'python'}"
    return inherited | {"PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"}


class Admin:
    """The Admin API over REST, in the shapes that scripts rely on."""

    def __init__(self, url: str, key: str = ADMIN_KEY) -> None:
        self.url = url
        self.key = key

    def __call__(self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
        """One call; its JSON answer. Any status but the expected one is a failure that shows the answer."""
        content = None if body is None else json.dumps(body).encode()
        fields = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers}
        got, answer = send(Request(self.url + path, content, fields, method=method))
        assert got == status, (got, answer)
        return json.loads(answer)

    def tenant(self, **providers: str) -> Tenant:
        """A fresh tenant with a provider and a model for each base URL given by dialect: `openai=…`, `anthropic=…`."""
        name = f"tests-{next(_numbers)}"
        self("POST", f"/v1/tenants?tenant_id={name}", {"displayName": "Tests"})
        tenant = Tenant(self, f"tenants/{name}")
        for kind, url in providers.items():
            tenant.provider(kind, url)
        return tenant


def send(request: Request) -> tuple[int, bytes]:
    """The status and body of an answer, whatever the status."""
    try:
        with urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


DIALECTS = {"openai": ("openai.chat", "/v1"), "anthropic": ("anthropic.messages", "")}
PROVIDER_KEY = "sk-canary-of-the-provider-0123456789"


class Tenant:
    """A tenant under test. Its models are named as its providers' kinds."""

    def __init__(self, admin: Admin, name: str) -> None:
        self.admin = admin
        self.name = name

    def provider(self, kind: str, url: str, *, provider_id: str = "", **fields: Any) -> None:
        """A provider of the kind at a base URL without its version."""
        dialect, path = DIALECTS[kind]
        body = {"dialect": dialect, "baseUrl": url + path, "credential": {"apiKey": PROVIDER_KEY}, **fields}
        self.admin("POST", f"/v1/{self.name}/providers?provider_id={provider_id or kind}", body)

    def model(self, public_name: str, *targets: dict[str, Any]) -> None:
        """A model; its id is its public name where that is one."""
        body = {"publicName": public_name, "targets": targets}
        model_id = f"m-{next(_numbers)}"
        self.admin("POST", f"/v1/{self.name}/models?model_id={model_id}", body)

    def key(self, **fields: Any) -> str:
        """A new API key's secret."""
        return self.admin("POST", f"/v1/{self.name}/apiKeys?api_key_id=k-{next(_numbers)}", fields)["secret"]
