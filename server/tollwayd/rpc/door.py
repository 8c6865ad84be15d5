"""The gRPC door: a listener over a method registry, with reflection and health."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import Reason
from tollwayd.rpc.health import Health
from tollwayd.rpc.listeners.listener import GRPC_LISTENERS
from tollwayd.rpc.methods import Methods
from tollwayd.rpc.open_services import open_to_all
from tollwayd.rpc.options import FRAMING_BYTES

if TYPE_CHECKING:
    from tollwayd.rpc.listeners.listener import GrpcListenerName
    from tollwayd.rpc.registry import Registry

_LAST_WORDS_SECONDS = 0.5
"""How long calls that are cut get to tell their callers."""


class GrpcDoor:
    """One gRPC listener, for the methods of a registry and those that every server has."""

    def __init__(self, registry: Registry, *, max_body_bytes: int, listener: GrpcListenerName = "grpcio") -> None:
        self._health: Final = Health([service.full_name for service in registry.services])
        self._methods: Final = Methods(registry, open_to_all(registry, self._health))
        self._listener: Final = GRPC_LISTENERS[listener](self._methods, max_body_bytes + FRAMING_BYTES)

    async def start(self, host: str, port: int, *, reuse_port: bool = False) -> tuple[str, int]:
        """Listens; gives the bound address. `reuse_port` shares it with other workers, on Linux. OSError where it is
        taken."""
        return await self._listener.start(host, port, reuse_port=reuse_port)

    async def drain(self) -> None:
        """Tells health checks that no new calls are wanted; calls are still taken."""
        self._health.drain()

    async def stop(self, grace: float) -> None:
        """Refuses new calls, lets those under way end for `grace` seconds, then cuts them and tells their callers."""
        self._health.stop()
        stopping = asyncio.ensure_future(self._listener.stop(grace + _LAST_WORDS_SECONDS))
        await asyncio.wait((stopping,), timeout=grace)
        self._methods.cut(Reason.REASON_SHUTTING_DOWN)
        await stopping
