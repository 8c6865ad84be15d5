"""The metrics listener: `/metrics` for Prometheus, `/healthz` and `/readyz` for orchestrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client.exposition import choose_encoder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prometheus_client import CollectorRegistry


class MetricsDoor:
    """One plain HTTP listener. `ready` says whether new calls are wanted; `collect` is awaited before each scrape."""

    def __init__(
        self,
        registry: CollectorRegistry,
        ready: Callable[[], bool],
        collect: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._registry = registry
        self._collect = collect
        self._ready = ready
        application = web.Application()
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(application, access_log=None)

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listens; gives the bound address."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        address: tuple[str, int] = self._runner.addresses[0][:2]
        return address

    async def stop(self) -> None:
        """Closes the listener and its connections."""
        await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        if self._collect is not None:
            await self._collect()
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return web.Response(body=encode(self._registry), headers={"content-type": content_type})

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        ready = self._ready()
        return web.Response(text="ready\n" if ready else "not ready\n", status=200 if ready else 503)
