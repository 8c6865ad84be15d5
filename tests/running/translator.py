"""A real translator for tests: `tollway serve translator` as a process of its own, on a free port."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Self

from tests.running.gateway import ROOT, START_SECONDS, environment
from tests.running.logged_process import LoggedProcess

if TYPE_CHECKING:
    from pathlib import Path

    Address = tuple[str, int]


class Translator(LoggedProcess):
    """`with Translator(set, address) as translator:` starts it, and stops it as Ctrl-C would. `words` are further ones
    of the command line, `address` is what it is bound to, and `log` its lines, complete once it has stopped.
    """

    def __init__(self, descriptors: Path, upstream: Address | str, *words: str, **settings: str) -> None:
        upstream = upstream if isinstance(upstream, str) else "{}:{}".format(*upstream)
        self._words = ["--descriptors", str(descriptors), "--upstream", upstream, "--listen", "127.0.0.1:0", *words]
        self._environment = environment() | settings
        super().__init__()

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tollwayd", "serve", "translator", *self._words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment,
            cwd=ROOT,
        )
        self.collect_log()
        watchdog = threading.Timer(START_SECONDS, self.process.kill)
        watchdog.start()
        said = [self.process.stdout.readline() for _ in range(2)]
        watchdog.cancel()
        assert said[1:] == ["ready\n"], (said, self.log)
        name, address = said[0].split()
        assert name == "rest"
        host, port = address.rsplit(":", 1)
        self.address = (host, int(port))
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, path: str) -> str:
        """The URL of a path."""
        return "http://{}:{}{}".format(*self.address, path)

    def wait_for(self, event: str) -> None:
        """Waits until a line of this event is in the log."""
        with self._logged:
            assert self._logged.wait_for(lambda: any(line["event"] == event for line in self.lines()), timeout=10)

    def calls(self) -> list[dict[str, Any]]:
        """The log's lines about calls."""
        return [line for line in self.lines() if line["event"] == "call"]
