"""The listeners of a process: their bound addresses, printed and written down for scripts."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Addresses = dict[str, tuple[str, int]]
"""Bound addresses by setting name: `admin_http`, `proxy_http`, `admin_grpc`, `proxy_grpc`, `metrics_http`."""

FILE = "listeners.json"


def write(data_dir: Path, addresses: Addresses) -> None:
    """Writes `listeners.json`, `{"admin_http": "127.0.0.1:8080", …}`, whole or not at all."""
    path = data_dir / FILE
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(as_text(addresses), indent=2) + "\n")
    draft.replace(path)


def as_text(addresses: Addresses) -> Mapping[str, str]:
    """`host:port` for each, IPv6 hosts in brackets."""
    return {name: _text(host, port) for name, (host, port) in addresses.items()}


def _text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
