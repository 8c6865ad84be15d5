"""The method registry: every RPC of every service, and the one way into a servicer.

Both doors look methods up here and call `Method.invoke`; neither knows the servicer, the chain or the other door.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from inspect import isasyncgenfunction
from typing import TYPE_CHECKING, Any

from google.protobuf.message_factory import GetMessageClass

from tollwayd.core.chain import Bound, Chain, Handler
from tollwayd.rpc.parsing import Parser

if TYPE_CHECKING:
    from google.api.httpbody_pb2 import HttpBody
    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
    from google.protobuf.message import Message

    from tollwayd.core.call import Call
    from tollwayd.core.errors import TollwayError

ErrorBody = Callable[["TollwayError"], "HttpBody"]
"""Writes an error as a body of the service's own wire format, for services whose callers read no google.rpc.Status."""

Invoke = Bound
"""`await invoke(request, call)` runs the chain and the servicer. It raises TollwayError and CancelledError only.

`request` is the message, or an async iterator of messages where the method streams requests. A door that has not read
it yet gives None, and `read`: callers who may not call are then refused before any of it is taken in. A stream in the
answer raises the same while it is read, and must be read to its end or closed.
"""


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC. `name` is its full gRPC name, `/package.Service/Method`; `parser` makes its requests out of bytes."""

    name: str
    descriptor: MethodDescriptor
    request_class: type[Message]
    response_class: type[Message]
    parser: Parser
    invoke: Invoke
    error_body: ErrorBody | None = None


class Registry:
    """The methods of one port. Filled at start, then only read."""

    def __init__(self) -> None:
        self._methods: dict[str, Method] = {}
        self.services: list[ServiceDescriptor] = []

    def add(
        self, service: ServiceDescriptor, servicer: object, chain: Chain, *, error_body: ErrorBody | None = None
    ) -> None:
        """Serves every method of `service` by the servicer's method of its name; AttributeError where one lacks."""
        self.services.append(service)
        for descriptor in service.methods:
            handler = as_handler(getattr(servicer, descriptor.name))
            name = f"/{service.full_name}/{descriptor.name}"
            request_class = GetMessageClass(descriptor.input_type)
            self._methods[name] = Method(
                name,
                descriptor,
                request_class,
                GetMessageClass(descriptor.output_type),
                Parser(request_class),
                chain.bind(handler, streams=descriptor.server_streaming, request=descriptor.input_type),
                error_body,
            )

    def find(self, name: str) -> Method | None:
        """The method of this full gRPC name."""
        return self._methods.get(name)

    def __iter__(self) -> Iterator[Method]:
        return iter(self._methods.values())


def as_handler(function: Callable[..., Any]) -> Handler:
    """A servicer's method as a Handler: `async def` stays as it is, an async generator function becomes one."""
    if not isasyncgenfunction(function):
        return function

    async def start(request: Any, call: Call) -> AsyncIterator[Message]:
        events: AsyncIterator[Message] = function(request, call)
        return events

    return start
