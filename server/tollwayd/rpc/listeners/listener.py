"""gRPC listeners: what speaks HTTP/2 and has calls answered. There are two; docs/architecture.md says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Protocol

from tollwayd.rpc.listeners.grpcio_listener.listener import GrpcioListener
from tollwayd.rpc.listeners.lean.listener import LeanListener

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollwayd.rpc.methods import Methods

GrpcListenerName = Literal["grpcio", "lean"]


class GrpcListener(Protocol):
    """Listens at one address for calls, and has `methods` answer them. `max_message_bytes` is the largest request."""

    async def start(self, host: str, port: int, *, reuse_port: bool) -> tuple[str, int]:
        """Listens; gives the bound address. `reuse_port` shares it with other processes, on Linux. OSError where it is
        taken."""

    async def stop(self, grace: float) -> None:
        """Takes no further calls, and closes connections when their calls are over, all of them after `grace`
        seconds."""


class MakeGrpcListener(Protocol):
    """Makes one."""

    def __call__(self, methods: Methods, max_message_bytes: int) -> GrpcListener: ...


GRPC_LISTENERS: Final[Mapping[GrpcListenerName, MakeGrpcListener]] = {"grpcio": GrpcioListener, "lean": LeanListener}
"""By their names in settings."""
