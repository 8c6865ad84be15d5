"""The gRPC health checking protocol (grpc/grpc, doc/health-checking.md) as methods of a registry.

grpcio's servicer lacks List, and its Watch sends while it holds the lock that a change of status needs: one watcher who
does not read would keep the gateway from saying that it drains, and from stopping.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from tollwayd.core.call import Call


class Health:
    """Serves `grpc.health.v1.Health`: all services, and the server as "", are of one status."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = ("", *services)
        self._draining = asyncio.Event()
        self._stopping = asyncio.Event()

    def drain(self) -> None:
        """From now on nothing serves; watchers are told."""
        self._draining.set()

    def stop(self) -> None:
        """As `drain`, and ends the watchers' calls: the server's end does not wait for them."""
        self._draining.set()
        self._stopping.set()

    async def Check(self, request: HealthCheckRequest, _: Call) -> HealthCheckResponse:  # noqa: N802
        if request.service not in self._services:
            raise TollwayError(Reason.REASON_RESOURCE_NOT_FOUND, "No service of this name is served here.")
        return self._status()

    async def List(self, _: HealthListRequest, __: Call) -> HealthListResponse:  # noqa: N802
        return HealthListResponse(statuses=dict.fromkeys(self._services, self._status()))

    async def Watch(self, request: HealthCheckRequest, _: Call) -> AsyncIterator[HealthCheckResponse]:  # noqa: N802
        known = request.service in self._services
        told = self._status() if known else HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN)
        yield told
        await self._draining.wait()
        if known and told != self._status():
            yield self._status()
        await self._stopping.wait()
        raise TollwayError(Reason.REASON_SHUTTING_DOWN)

    def _status(self) -> HealthCheckResponse:
        draining = self._draining.is_set()
        return HealthCheckResponse(status=HealthCheckResponse.NOT_SERVING if draining else HealthCheckResponse.SERVING)
