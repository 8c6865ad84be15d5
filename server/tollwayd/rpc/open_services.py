"""Health and reflection: no chain stands before them, so they ask for no credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grpc_health.v1 import health_pb2

from tollwayd.core.chain import Chain
from tollwayd.rpc import reflection
from tollwayd.rpc.registry import Registry

if TYPE_CHECKING:
    from tollwayd.rpc.health import Health

_HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"]


def open_to_all(registry: Registry, health: Health) -> Registry:
    """Their methods, for a port that serves this registry."""
    services = _HEALTH, *reflection.SERVICES
    reflected = reflection.Reflection([service.full_name for service in (*registry.services, *services)])
    made = Registry()
    for service in services:
        made.add(service, health if service is _HEALTH else reflected, Chain([]))
    return made
