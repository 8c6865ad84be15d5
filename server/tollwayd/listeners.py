"""The listeners of a process: how an address is written, why one cannot be had, and what is bound in the end."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Address = tuple[str, int]

Addresses = dict[str, Address]
"""Bound addresses by setting name: `admin_http`, `proxy_http`, `admin_grpc`, `proxy_grpc`, `metrics_http`."""

FILE = "listeners.json"

_WRITTEN: Final = re.compile(r"(?:\[([^\[\]\s]+)\]|([^\[\]:\s]*)):([0-9]{1,5})")
_REFUSALS: Final = {
    errno.EADDRINUSE: "is taken by another program; stop it, or set another address",
    errno.EACCES: "is not for this user to listen at; set a port from 1024 on",
    errno.EADDRNOTAVAIL: "is not an address of this machine; set one that is",
}


def parse(text: str) -> Address:
    """The address that `host:port`, `[::1]:port` or `:port` (every interface) says. ValueError for anything else."""
    written = _WRITTEN.fullmatch(text)
    if written is None or int(written[3]) > 65535:
        raise ValueError("an address is written host:port, [::1]:port or :port, with a port from 0 to 65535")
    return written[1] or written[2] or "0.0.0.0", int(written[3])  # noqa: S104  # asked for by leaving the host out


def refusal(address: Address, error: OSError) -> str:
    """Why nothing can listen there, and what to do, as the operator should read it."""
    if error.errno is None:
        error = _cause(address) or error
    if isinstance(error, socket.gaierror):
        return f"{text(*address)} names a host that is not known here; set another address."
    return f"{text(*address)} {_REFUSALS.get(error.errno or 0, 'cannot be listened at; set another address')}."


def _cause(address: Address) -> OSError | None:
    # gRPC says only that it could not listen; a plain socket says why.
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        socket.create_server(address, family=family).close()
    except OSError as error:
        return error
    return None


def write(data_dir: Path, addresses: Addresses) -> None:
    """Writes `listeners.json`, `{"admin_http": "127.0.0.1:8080", …}`, whole or not at all."""
    path = data_dir / FILE
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(_content(addresses))
    draft.replace(path)


def remove(data_dir: Path, addresses: Addresses) -> None:
    """Removes `listeners.json`, unless a gateway that started later on the same folder has written it."""
    path = data_dir / FILE
    if path.is_file() and path.read_text() == _content(addresses):
        path.unlink()


def as_text(addresses: Addresses) -> Mapping[str, str]:
    """`host:port` for each, IPv6 hosts in brackets."""
    return {name: text(host, port) for name, (host, port) in addresses.items()}


def text(host: str, port: int) -> str:
    """`host:port`, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _content(addresses: Addresses) -> str:
    return json.dumps(as_text(addresses), indent=2) + "\n"
