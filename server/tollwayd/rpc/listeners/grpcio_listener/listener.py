"""A grpc.aio server at one address, which is opened again where it closes by itself."""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import grpc

from tollwayd.rpc.listeners.grpcio_listener.options import server_options
from tollwayd.rpc.listeners.grpcio_listener.quiet import keep_quiet_about_callers_who_left
from tollwayd.rpc.listeners.grpcio_listener.server import make_server
from tollwayd.rpc.listeners.grpcio_listener.stream import ContextStream

if TYPE_CHECKING:
    from tollwayd.rpc.listeners.grpcio_listener.stream import Context
    from tollwayd.rpc.methods import Answered, Methods

_LOOK_SECONDS = 0.5
"""Between two looks whether the listener still listens."""

_log = logging.getLogger(__name__)


class GrpcioListener:
    """A GrpcListener (`rpc/listeners/listener.py`)."""

    def __init__(self, methods: Methods, max_message_bytes: int) -> None:
        keep_quiet_about_callers_who_left()
        self._handlers = _Handlers(methods)
        self._max_message_bytes = max_message_bytes
        self._own_socket = ""
        self._server = self._make()
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self, host: str, port: int, *, reuse_port: bool) -> tuple[str, int]:
        if reuse_port:
            # At the port others listen as well; whether this one does, a socket of its own tells (unix(7), "Abstract").
            self._own_socket = f"tollway-{secrets.token_hex(16)}"
            self._server = self._make()
        bound = await self._open(host, port)
        self._keeper = asyncio.create_task(self._keep_open(host, bound))
        return host, bound

    async def stop(self, grace: float) -> None:
        self._stopping = True
        await self._server.stop(grace)
        if self._keeper is not None:
            self._keeper.cancel()

    def _make(self) -> grpc.aio.Server:
        options = server_options(self._max_message_bytes, reuse_port=bool(self._own_socket))
        server = make_server(options)
        server.add_generic_rpc_handlers((self._handlers,))
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


class _Handlers(grpc.GenericRpcHandler):
    """Methods as grpc.aio wants them.

    It is left to read no messages: of a call that has none it says nothing, and its caller waits for ever; of two it
    takes the first; of one that does not parse it tells the caller what the library said.
    """

    def __init__(self, methods: Methods) -> None:
        self._methods = methods
        self._made: dict[Answered, Any] = {}

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        answered = self._methods.find(details.method)
        if (handler := self._made.get(answered)) is None:
            handler = self._made[answered] = _handler(answered)
        return handler


def _handler(answered: Answered) -> Any:
    async def answer(_: object, context: Context) -> bytes | None:
        stream = ContextStream(context, streams=answered.streams)
        await answered.answer(stream)
        return stream.only

    make = grpc.stream_stream_rpc_method_handler if answered.streams else grpc.stream_unary_rpc_method_handler
    return make(answer)


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
