"""The addresses that workers share: found out and kept before the first of them starts."""

from __future__ import annotations

import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from tollwayd import listeners
from tollwayd.settings import variable
from tollwayd.start_error import StartError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tollwayd.listeners import Address
    from tollwayd.settings import Settings

SHARED: Final = ("admin_http", "proxy_http", "admin_grpc", "proxy_grpc")
"""The settings whose addresses every worker listens at."""


@contextmanager
def kept(settings: Settings) -> Iterator[Mapping[str, str]]:
    """The settings, as an environment has them, by which workers listen at the addresses of these. Ports that are free
    are found for port 0. While the context is open nobody else gets them. StartError where an address cannot be had."""
    with ExitStack() as parts:
        yield {variable(name): listeners.text(*_kept(name, getattr(settings, name), parts)) for name in SHARED}


def _kept(name: str, address: Address, parts: ExitStack) -> Address:
    host, port = address
    try:
        family = _family(address)
        if port:
            # A socket that shares would not notice that other gateways listen there.
            socket.create_server(address, family=family).close()
        kept = parts.enter_context(socket.socket(family, socket.SOCK_STREAM))
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind(address)  # It does not listen, and so is given no connections.
    except OSError as error:
        raise StartError(f"{variable(name)}: {listeners.refusal(address, error)}") from error
    return host, kept.getsockname()[1]


def _family(address: Address) -> socket.AddressFamily:
    return socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
