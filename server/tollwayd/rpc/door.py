"""The gRPC door: a grpc.aio server over a method registry, with reflection and health, which ask for no credential."""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import grpc
from grpc_health.v1 import health_pb2

from tollwayd.core.chain import Chain
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc import reflection
from tollwayd.rpc.health import Health
from tollwayd.rpc.methods import Methods
from tollwayd.rpc.options import server_options
from tollwayd.rpc.quiet import keep_quiet_about_callers_who_left
from tollwayd.rpc.registry import Registry

if TYPE_CHECKING:
    from tollwayd.rpc.methods import Running

_LAST_WORDS_SECONDS = 0.5
"""How long calls that are cut get to tell their callers."""

_LOOK_SECONDS = 0.5
"""Between two looks whether the listener still listens."""

_HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"]

_log = logging.getLogger(__name__)


class GrpcDoor:
    """One gRPC listener."""

    def __init__(self, registry: Registry, *, max_body_bytes: int) -> None:
        keep_quiet_about_callers_who_left()
        self._max_body_bytes = max_body_bytes
        self._own_socket = ""
        self._running: Running = {}
        self._health = Health([service.full_name for service in registry.services])
        self._methods = Methods(self._running, registry, _open_to_all(registry, self._health))
        self._server = self._make()
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self, host: str, port: int, *, reuse_port: bool = False) -> tuple[str, int]:
        """Listens; gives the bound address. `reuse_port` shares it with other workers, on Linux. OSError where it is
        taken."""
        if reuse_port:
            # At the port others listen as well; whether this one does, a socket of its own tells (unix(7), "Abstract").
            self._own_socket = f"tollway-{secrets.token_hex(16)}"
            self._server = self._make()
        bound = await self._open(host, port)
        self._keeper = asyncio.create_task(self._keep_open(host, bound))
        return host, bound

    async def drain(self) -> None:
        """Tells health checks that no new calls are wanted; calls are still taken."""
        self._health.drain()

    async def stop(self, grace: float) -> None:
        """Refuses new calls, lets those under way end for `grace` seconds, then cuts them and tells their callers."""
        self._stopping = True
        self._health.stop()
        stopping = asyncio.ensure_future(self._server.stop(grace + _LAST_WORDS_SECONDS))
        await asyncio.wait((stopping,), timeout=grace)
        for task, call in self._running.items():
            call.cut(task, TollwayError(Reason.REASON_SHUTTING_DOWN))
        await stopping
        if self._keeper is not None:
            self._keeper.cancel()

    def _make(self) -> grpc.aio.Server:
        options = server_options(self._max_body_bytes, reuse_port=bool(self._own_socket))
        server = grpc.aio.server(options=options)
        server.add_generic_rpc_handlers((self._methods,))
        return server

    async def _open(self, host: str, port: int) -> int:
        try:
            bound = self._server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        except RuntimeError as error:
            raise OSError(f"cannot listen on {host}:{port}") from error
        if self._own_socket:
            self._server.add_insecure_port(f"unix-abstract:{self._own_socket}")
        await self._server.start()
        return bound

    async def _keep_open(self, host: str, port: int) -> None:
        """Opens the listener again where grpc.aio has closed it by itself. Anybody can make it: in grpcio 1.85 one call
        whose `:path` is not UTF-8 ends the loop that takes calls, and nothing is told of that but the next client."""
        while not self._stopping:
            await asyncio.sleep(_LOOK_SECONDS)
            if await self._is_refused(host, port) and not self._stopping:
                _log.warning("The gRPC listener on port %d has closed by itself; it is opened again.", port)
                self._server = self._make()
                with suppress(OSError):  # Taken meanwhile: the next look tries again.
                    await self._open(host, port)

    async def _is_refused(self, host: str, port: int) -> bool:
        if self._own_socket:
            return _is_gone(self._own_socket)
        return await _is_refused(host, port)


def _open_to_all(registry: Registry, health: Health) -> Registry:
    """Health and reflection: no chain stands before them, so they ask for no credential."""
    services = _HEALTH, *reflection.SERVICES
    reflected = reflection.Reflection([service.full_name for service in (*registry.services, *services)])
    made = Registry()
    for service in services:
        made.add(service, health if service is _HEALTH else reflected, Chain([]))
    return made


async def _is_refused(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except OSError as error:  # TimeoutError is one: a listener that is only busy.
        return isinstance(error, ConnectionRefusedError)
    writer.transport.abort()
    return False


def _is_gone(name: str) -> bool:
    with socket.socket(socket.AF_UNIX) as own:
        own.settimeout(0)
        return own.connect_ex(f"\0{name}") == errno.ECONNREFUSED
