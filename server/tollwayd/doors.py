"""The doors of a process: every listener, opened together and drained together."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Protocol

from tollwayd import listeners
from tollwayd.open_files import most_connections
from tollwayd.pages import pages
from tollwayd.proxy.metering.headers import EXPOSED
from tollwayd.rpc.door import GrpcDoor
from tollwayd.settings import variable
from tollwayd.start_error import StartError
from tollwayd.telemetry.metrics_door import MetricsDoor
from tollwayd.telemetry.refusal_metrics import RefusalMetrics
from tollwayd.translator.head.cors import Cors
from tollwayd.translator.limits import LEAST_COMPRESSED_BYTES
from tollwayd.translator.options import RestOptions
from tollwayd.translator.server import RestDoor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prometheus_client import CollectorRegistry

    from tollwayd.listeners import Address, Addresses
    from tollwayd.rpc.registry import Registry
    from tollwayd.settings import Settings

    _Start = Callable[[str, int], Awaitable[Address]]

MAX_ADMIN_BODY_BYTES = 1024 * 1024
"""A request body on the admin ports: four times the largest of use, a key for 1,000 models of 256 letters each."""

LISTENERS = 4
"""REST and gRPC, for admin and proxy, which share the process's connections."""

NOTICE_SECONDS = 1.0
"""From telling health checks to refusing calls: balancers probe once a second or so, and send calls until they know."""


class _Door(Protocol):
    async def start(self, host: str, port: int, *, reuse_port: bool) -> tuple[str, int]: ...


class Doors:
    """REST and gRPC for admin and proxy, and the metrics listener."""

    def __init__(self, admin: Registry, proxy: Registry, metrics: CollectorRegistry, settings: Settings) -> None:
        limit = settings.max_body_bytes
        cors = Cors(settings.cors_origins, exposed=EXPOSED) if settings.cors_origins else None
        relaxed = settings.rest_unknown_fields == "ignore"
        self._settings = settings
        self._draining = False
        refusals = RefusalMetrics(metrics)
        self._rest = {
            "admin_http": RestDoor(
                admin,
                RestOptions(
                    max_body_bytes=MAX_ADMIN_BODY_BYTES,
                    max_connections=most_connections(LISTENERS),
                    ignore_unknown_fields=relaxed,
                    pages=pages("tollway-admin"),
                    cors=cors,
                    on_refusal=refusals.at("admin_http"),
                    listener=settings.admin_listener,
                ),
            ),
            "proxy_http": RestDoor(proxy, _proxy_options(settings, cors, refusals)),
        }
        self._grpc = {
            "admin_grpc": GrpcDoor(admin, max_body_bytes=MAX_ADMIN_BODY_BYTES, listener=settings.admin_grpc_listener),
            "proxy_grpc": GrpcDoor(proxy, max_body_bytes=limit, listener=settings.proxy_grpc_listener),
        }
        self._metrics = MetricsDoor(metrics, lambda: not self._draining)

    async def open(self, *, shared: bool) -> Addresses:
        """Listens everywhere; gives the bound addresses. Where they are `shared` with other workers, the metrics are
        told elsewhere. StartError names the setting whose address cannot be had."""
        doors: dict[str, _Door] = {**self._rest, **self._grpc}
        starts: dict[str, _Start] = {name: partial(door.start, reuse_port=shared) for name, door in doors.items()}
        if not shared:
            starts["metrics_http"] = self._metrics.start
        return {name: await self._start(name, start) for name, start in starts.items()}

    async def _start(self, name: str, start: _Start) -> Address:
        address: Address = getattr(self._settings, name)
        try:
            return await start(*address)
        except OSError as error:
            raise StartError(f"{variable(name)}: {listeners.refusal(address, error)}") from error

    async def drain(self, grace: float) -> None:
        """Tells health checks, waits for them to hear it, then lets calls end for at most `grace` seconds."""
        self._draining = True
        for door in self._grpc.values():
            await door.drain()
        await asyncio.sleep(min(NOTICE_SECONDS, grace))
        await self._stop(grace)

    async def close(self) -> None:
        """Closes whatever is still open."""
        await self._stop(0)
        await self._metrics.stop()

    async def _stop(self, grace: float) -> None:
        rest = [door.stop(grace) for door in self._rest.values()]
        await asyncio.gather(*rest, *(door.stop(grace) for door in self._grpc.values()))


def _proxy_options(settings: Settings, cors: Cors | None, refusals: RefusalMetrics) -> RestOptions:
    # SDKs ask for compression in every call, and it costs a quarter of a call's CPU: no default for all.
    compress = settings.proxy_compression == "on"
    return RestOptions(
        max_body_bytes=settings.max_body_bytes,
        max_connections=most_connections(LISTENERS),
        # SDKs send fields and parameters of their vendors' newest betas: those are for the provider to judge.
        ignore_unknown_fields=True,
        print_unset=False,
        compress_from=LEAST_COMPRESSED_BYTES if compress else None,
        compress_streams=compress,
        pages=pages("tollway-proxy"),
        cors=cors,
        on_refusal=refusals.at("proxy_http"),
        listener=settings.proxy_listener,
    )
