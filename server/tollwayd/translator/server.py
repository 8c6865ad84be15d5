"""The REST door: an aiohttp listener over a method registry."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from aiohttp import web

from tollwayd.translator.codec import codecs
from tollwayd.translator.connections import Connections
from tollwayd.translator.cors import CrossOrigin
from tollwayd.translator.encoding import Encoding
from tollwayd.translator.etags import Etags
from tollwayd.translator.handler import Handler
from tollwayd.translator.inbound import RequestReader
from tollwayd.translator.limits import BACKLOG, LINGER_SECONDS, MAX_FIELD_BYTES, MAX_HEADERS, MAX_LINE_BYTES
from tollwayd.translator.options import RestOptions
from tollwayd.translator.outbound import ResponsePrinter
from tollwayd.translator.routes import RouteTable
from tollwayd.translator.rule import bindings
from tollwayd.translator.wire import Endpoint, Site

if TYPE_CHECKING:
    from tollwayd.rpc.registry import Registry

_CLOSE_SECONDS = 0.1  # What aiohttp waits, twice, for handlers; those still there have been cut already.


class RestDoor:
    """One REST listener for the methods of a registry: by their google.api.http rules, where they have any, and all of
    them by their names, in Connect and gRPC-Web. ValueError where a rule is wrong, or two claim the same paths.
    """

    def __init__(self, registry: Registry, options: RestOptions | None = None) -> None:
        options = options or RestOptions()
        self._timeouts: Final = options.timeouts
        self._on_refusal: Final = options.on_refusal
        self._max_connections: Final = options.max_connections
        site = Site(
            _routes(registry, options),
            options.pages,
            {method.name: method for method in registry},
            codecs(ignore_unknown=options.ignore_unknown_fields),
            options.max_body_bytes,
            options.timeouts,
            None if options.cors is None else CrossOrigin(options.cors),
            options.like_grpc_gateway,
            options.on_refusal,
            Encoding(options.compress_from, streams=options.compress_streams),
        )
        self._handler: Final = Handler(site)
        self._runner: web.ServerRunner | None = None

    async def start(self, host: str, port: int, *, reuse_port: bool = False) -> tuple[str, int]:
        """Listens; gives the bound address. `reuse_port` shares it with other workers. OSError where it is taken."""
        self._runner = runner = web.ServerRunner(self._connections(), shutdown_timeout=_CLOSE_SECONDS)
        await runner.setup()
        await web.TCPSite(runner, host, port, backlog=BACKLOG, reuse_port=reuse_port or None).start()
        bound_host, bound_port = runner.addresses[0][:2]
        return bound_host, bound_port

    async def stop(self, grace: float) -> None:
        """Listens no more, lets calls under way end for `grace` seconds, then cuts them. Safe to repeat.

        Old connections are served for a moment still, with answers that close them: a client may be sending on one
        right now, and closing all of them at once would lose what it sends.
        """
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self._handler.drain()
        for site in runner.sites:
            await site.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await asyncio.sleep(min(self._pause(runner), grace))
                await self._handler.finish()
        await self._handler.cut()
        await runner.cleanup()

    def _pause(self, runner: web.ServerRunner) -> float:
        """For connections that may bring another request; a door without any need not wait."""
        return self._timeouts.drain_pause if runner.server and runner.server.connections else 0

    def _connections(self) -> Connections:
        return Connections(
            self._handler,
            self._max_connections,
            handler_cancellation=True,  # Else a call goes on, and costs, though its client has left.
            access_log=None,  # The chain logs calls.
            auto_decompress=False,  # Compressed bodies are refused.
            keepalive_timeout=self._timeouts.idle,
            head_seconds=self._timeouts.head,
            linger_seconds=LINGER_SECONDS,
            unsent_seconds=self._timeouts.stalled_answer,
            on_refusal=self._on_refusal,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_FIELD_BYTES,
            max_headers=MAX_HEADERS,
        )


def _routes(registry: Registry, options: RestOptions) -> RouteTable[Endpoint]:
    table: RouteTable[Endpoint] = RouteTable()
    for method in registry:
        for binding in bindings(method):
            reader = RequestReader(binding, ignore_unknown=options.ignore_unknown_fields)
            printer = ResponsePrinter(binding, print_unset=options.print_unset)
            endpoint = Endpoint(method, reader, printer, Etags(binding))
            table.add(binding.http_method, binding.template, endpoint, method.name)
    return table
