"""A process of ours that logs lines of JSON to standard error."""

from __future__ import annotations

import json
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess


class LoggedProcess:
    """Its lines are in `log`, complete once it has stopped; whoever waits for one waits on `_logged`."""

    process: subprocess.Popen[str]

    def __init__(self) -> None:
        self.log: list[str] = []
        self._logged = threading.Condition()

    def collect_log(self) -> None:
        """Collects the lines of `process`, which has just started."""
        self._collector = threading.Thread(target=self._collect_log, daemon=True)
        self._collector.start()

    def stop(self, number: int = signal.SIGINT) -> int:
        """Sends the signal, waits for the end, and gives the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(timeout=60)
        self._collector.join(timeout=10)
        self.process.stdout.close()
        self.process.stderr.close()
        return status

    def lines(self) -> list[dict[str, Any]]:
        """The log's lines that are JSON."""
        return [json.loads(line) for line in self.log if line.startswith("{")]

    def _collect_log(self) -> None:
        for line in self.process.stderr:
            with self._logged:
                self.log.append(line.rstrip("\n"))
                self._logged.notify_all()
