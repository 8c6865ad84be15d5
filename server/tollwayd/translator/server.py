"""The REST door: a listener over a method registry."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tollwayd.translator.answers.encoding import Encoding
from tollwayd.translator.handler import Handler
from tollwayd.translator.head.cors import CrossOrigin
from tollwayd.translator.head.etags import Etags
from tollwayd.translator.listeners.listener import LISTENERS
from tollwayd.translator.messages.inbound import RequestReader
from tollwayd.translator.messages.outbound import ResponsePrinter
from tollwayd.translator.options import RestOptions
from tollwayd.translator.rules.routes import RouteTable
from tollwayd.translator.rules.rule import bindings
from tollwayd.translator.wires.rpc.codec import codecs
from tollwayd.translator.wires.wire import Endpoint, Site

if TYPE_CHECKING:
    from tollwayd.rpc.registry import Registry
    from tollwayd.translator.listeners.listener import Listener


class RestDoor:
    """One REST listener for the methods of a registry: by their google.api.http rules, where they have any, and all of
    them by their names, in Connect and gRPC-Web. ValueError where a rule is wrong, or two claim the same paths.
    """

    def __init__(self, registry: Registry, options: RestOptions | None = None) -> None:
        options = options or RestOptions()
        self._options: Final = options
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
        self._listener: Listener | None = None

    async def start(self, host: str, port: int, *, reuse_port: bool = False) -> tuple[str, int]:
        """Listens; gives the bound address. `reuse_port` shares it with other workers. OSError where it is taken."""
        options = self._options
        make = LISTENERS[options.listener]
        self._listener = make(self._handler.answer, options.timeouts, options.max_connections, options.on_refusal)
        return await self._listener.start(host, port, reuse_port=reuse_port)

    async def stop(self, grace: float) -> None:
        """Listens no more, lets calls under way end for `grace` seconds, then cuts them. Safe to repeat.

        Old connections are served for a moment still, with answers that close them: a client may be sending on one
        right now, and closing all of them at once would lose what it sends.
        """
        listener, self._listener = self._listener, None
        if listener is None:
            return
        self._handler.drain()
        await listener.stop()
        # For connections that may bring another request; a door without any need not wait.
        pause = self._options.timeouts.drain_pause if listener.connected else 0
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await asyncio.sleep(min(pause, grace))
                await self._handler.finish()
        await self._handler.cut()
        await listener.close()


def _routes(registry: Registry, options: RestOptions) -> RouteTable[Endpoint]:
    table: RouteTable[Endpoint] = RouteTable()
    for method in registry:
        for binding in bindings(method):
            reader = RequestReader(binding, ignore_unknown=options.ignore_unknown_fields)
            printer = ResponsePrinter(binding, print_unset=options.print_unset)
            endpoint = Endpoint(method, reader, printer, Etags(binding))
            table.add(binding.http_method, binding.template, endpoint, method.name)
    return table
