"""The REST door alone, in front of any gRPC server: a descriptor set and an address are all that it needs."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc
import structlog

from tollwayd import listeners
from tollwayd.core.chain import Chain
from tollwayd.memory import settle
from tollwayd.open_files import most_connections
from tollwayd.pages import made_pages
from tollwayd.rpc.descriptor_set import DescriptorSet
from tollwayd.rpc.options import FRAMING_BYTES, channel_options
from tollwayd.rpc.remote import remote_registry
from tollwayd.start_error import MISTAKE, StartError
from tollwayd.telemetry.access_log import AccessLog
from tollwayd.translator.head.cors import Cors
from tollwayd.translator.options import RestOptions
from tollwayd.translator.rules.rule import bindings
from tollwayd.translator.server import RestDoor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from google.protobuf.descriptor import ServiceDescriptor

    from tollwayd.listeners import Address, Addresses
    from tollwayd.rpc.registry import Registry
    from tollwayd.telemetry.logs import WriteLine
    from tollwayd.translator.pages import Page

    OnReady = Callable[["Standalone"], Awaitable[None]]

_TLS: Final = "https://"
_PLAIN: Final = "http://"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says. `services` are full names, none for all that the set has.

    `upstream` is `host:port`, with `https://` before it for TLS; `ca` is then the file of the authorities to trust,
    those of the system where it is None. `max_body_bytes` bounds a request's body, and each message of an answer.
    """

    descriptors: Path
    upstream: str
    listen: str
    services: Sequence[str]
    ca: Path | None
    ignore_unknown_fields: bool
    print_unset: bool
    like_grpc_gateway: bool
    cors_origins: Sequence[str]
    max_body_bytes: int
    drain_seconds: float


class Standalone:
    """One process. `addresses` holds what it is bound to once it runs; `serving` tells that the start is over."""

    def __init__(self, options: Options, call_lines: WriteLine | None) -> None:
        self.addresses: Addresses = {}
        self.serving = False
        self._options: Final = options
        self._chain: Final = Chain([AccessLog(call_lines)])
        self._stop: Final = asyncio.Event()
        self._log: Final = structlog.get_logger("tollway")

    def stop(self) -> None:
        """Asks it to drain and end. Safe to repeat, and to call from a signal handler."""
        self._stop.set()

    async def run(self, on_ready: OnReady) -> None:
        """Starts, awaits `on_ready`, serves until `stop`, drains, and closes everything. StartError."""
        options = self._options
        address = _address("--listen", options.listen)
        files = _descriptor_set(options.descriptors)
        async with AsyncExitStack() as parts:
            channel = _channel(options)
            parts.push_async_callback(channel.close)
            services = _services(files, options.services)
            registry = remote_registry(channel, services, files.pool, self._chain)
            door = self._door(registry, made_pages(files.files, services))
            parts.push_async_callback(door.stop, 0)
            self.addresses = {"rest": await _start(door, address)}
            await on_ready(self)
            self.serving = True
            settle()
            await self._stop.wait()
            self._log.info("draining", seconds=options.drain_seconds)
            await door.stop(options.drain_seconds)
        self._log.info("stopped")

    def _door(self, registry: Registry, pages: Mapping[str, Page]) -> RestDoor:
        options = self._options
        try:
            _check_rules(registry)
            return RestDoor(
                registry,
                RestOptions(
                    max_body_bytes=options.max_body_bytes,
                    max_connections=most_connections(doors=1),
                    print_unset=options.print_unset,
                    like_grpc_gateway=options.like_grpc_gateway,
                    pages=pages,
                    cors=_cors(options.cors_origins),
                    ignore_unknown_fields=options.ignore_unknown_fields,
                ),
            )
        except ValueError as error:
            raise StartError(f"--descriptors: {options.descriptors}: {error}.", status=MISTAKE) from None


def _cors(origins: Sequence[str]) -> Cors | None:
    try:
        return Cors(tuple(origins)) if origins else None
    except ValueError as error:
        raise StartError(f"--cors-origin: {error}.", status=MISTAKE) from None


def _check_rules(registry: Registry) -> None:
    if not any(True for method in registry for _ in bindings(method)):
        raise ValueError("no method has a google.api.http rule; add one to the proto, and make the set again")


async def _start(door: RestDoor, address: Address) -> Address:
    try:
        return await door.start(*address)
    except OSError as error:
        raise StartError(f"--listen: {listeners.refusal(address, error)}") from error


def _descriptor_set(path: Path) -> DescriptorSet:
    try:
        return DescriptorSet(_content("--descriptors", path))
    except ValueError as error:
        raise StartError(f"--descriptors: {path}: {error}.", status=MISTAKE) from None


def _services(files: DescriptorSet, names: Sequence[str]) -> list[ServiceDescriptor]:
    if unknown := [name for name in names if name not in files.services]:
        known = ", ".join(sorted(files.services)) or "none"
        raise StartError(f"--service: the set has no {unknown[0]}; it has {known}.", status=MISTAKE)
    return [service for name, service in files.services.items() if not names or name in names]


def _channel(options: Options) -> grpc.aio.Channel:
    tls = options.upstream.startswith(_TLS)
    host, port = _address("--upstream", options.upstream.removeprefix(_TLS).removeprefix(_PLAIN))
    if not port:
        raise StartError("--upstream: nothing can be reached at port 0; give the server's own port.", status=MISTAKE)
    if options.ca and not tls:
        raise StartError(f"--ca: it needs TLS; write --upstream {_TLS}{listeners.text(host, port)}.", status=MISTAKE)
    target = f"dns:///{listeners.text(host, port)}"
    settings = channel_options(options.max_body_bytes + FRAMING_BYTES)
    if not tls:
        return grpc.aio.insecure_channel(target, options=settings)
    return grpc.aio.secure_channel(target, _credentials(options.ca), options=settings)


def _credentials(ca: Path | None) -> grpc.ChannelCredentials:
    # The system's authorities; gRPC's library has a list of its own, which no administrator can add to.
    system = ssl.get_default_verify_paths().cafile
    path = ca or (Path(system) if system else None)
    authorities = _content("--ca", path) if path else None
    if ca and b"-----BEGIN CERTIFICATE-----" not in (authorities or b""):
        raise StartError(f"--ca: {ca} has no certificate in PEM form.", status=MISTAKE)
    return grpc.ssl_channel_credentials(authorities)


def _content(option: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise StartError(f"{option}: {path} cannot be read: {reason}; give a file that can.") from None


def _address(option: str, text: str) -> Address:
    try:
        return listeners.parse(text)
    except ValueError as error:
        raise StartError(f"{option}: {error}.", status=MISTAKE) from None
