"""channelz (gRFC A14) as methods of a registry: it shows peers and counters, so the chain stands before it.

It tells of all of the process: of what is grpcio's by grpcio's own servicer, and of lean listeners behind that. Those
have numbers of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
from grpc_channelz.v1 import channelz
from grpc_channelz.v1 import channelz_pb2 as pb

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.rpc.listeners.lean.counts import FIRST_ID
from tollwayd.rpc.listeners.lean.listener import OPEN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tollwayd.core.call import Call
    from tollwayd.rpc.listeners.lean.connection import Connection
    from tollwayd.rpc.listeners.lean.listener import LeanListener

MAX_RESULTS = 100
"""What an answer lists at most, and where the caller asks for no number."""


class ChannelzServicer:
    """Serves `grpc.channelz.v1.Channelz`. Of channels there are grpcio's alone."""

    def __getattr__(self, name: str) -> Callable[[Any, Call], Awaitable[Any]]:
        ask = getattr(channelz.ChannelzServicer, name)

        async def answer(request: Any, _: Call) -> Any:
            return _asked(ask, request)

        return answer

    async def GetServers(self, request: pb.GetServersRequest, _: Call) -> pb.GetServersResponse:  # noqa: N802
        # grpcio's servicer lists as many as it likes, whatever it is asked for.
        own: pb.GetServersResponse = _asked(channelz.ChannelzServicer.GetServers, request)
        lean = [_server(each) for number, each in sorted(OPEN.items()) if number >= request.start_server_id]
        found = [*own.server, *lean]
        most = _most(request.max_results)
        return pb.GetServersResponse(server=found[:most], end=own.end and len(found) <= most)

    async def GetServer(self, request: pb.GetServerRequest, _: Call) -> pb.GetServerResponse:  # noqa: N802
        if request.server_id < FIRST_ID:
            return _asked(channelz.ChannelzServicer.GetServer, request)
        return pb.GetServerResponse(server=_server(_listener(request.server_id)))

    async def GetServerSockets(  # noqa: N802
        self, request: pb.GetServerSocketsRequest, _: Call
    ) -> pb.GetServerSocketsResponse:
        if request.server_id < FIRST_ID:
            return _asked(channelz.ChannelzServicer.GetServerSockets, request)
        connections = _listener(request.server_id).connections
        found = sorted(each.id for each in connections if each.id >= request.start_socket_id)
        most = _most(request.max_results)
        refs = [pb.SocketRef(socket_id=number) for number in found[:most]]
        return pb.GetServerSocketsResponse(socket_ref=refs, end=len(found) <= most)

    async def GetSocket(self, request: pb.GetSocketRequest, _: Call) -> pb.GetSocketResponse:  # noqa: N802
        if request.socket_id < FIRST_ID:
            return _asked(channelz.ChannelzServicer.GetSocket, request)
        for connection in _connections():
            if connection.id == request.socket_id:
                return pb.GetSocketResponse(socket=_socket(connection))
        raise TollwayError(Reason.REASON_RESOURCE_NOT_FOUND)


class _Context:
    """What grpcio's servicer tells its failures to. C-Core's words for them are not passed on."""

    reason = Reason.REASON_INTERNAL

    def set_code(self, code: grpc.StatusCode) -> None:
        if code == grpc.StatusCode.NOT_FOUND:
            self.reason = Reason.REASON_RESOURCE_NOT_FOUND

    def set_details(self, _: str) -> None: ...


def _asked(ask: Any, request: Any) -> Any:
    """What grpcio's own servicer answers."""
    context = _Context()
    found = ask(request, context)
    if found is None:
        raise TollwayError(context.reason)
    return found


def _listener(number: int) -> LeanListener:
    found = OPEN.get(number)
    if found is None:
        raise TollwayError(Reason.REASON_RESOURCE_NOT_FOUND)
    return found


def _connections() -> Iterator[Connection]:
    for listener in OPEN.values():
        yield from listener.connections


def _most(asked: int) -> int:
    return min(asked, MAX_RESULTS) if asked > 0 else MAX_RESULTS


def _server(listener: LeanListener) -> pb.Server:
    counts = listener.counts
    data = pb.ServerData(calls_started=counts.started, calls_succeeded=counts.succeeded, calls_failed=counts.failed)
    return pb.Server(ref=pb.ServerRef(server_id=listener.id), data=data)


def _socket(connection: Connection) -> pb.Socket:
    counts = connection.counts
    data = pb.SocketData(
        streams_started=counts.started, streams_succeeded=counts.succeeded, streams_failed=counts.failed
    )
    return pb.Socket(
        ref=pb.SocketRef(socket_id=connection.id),
        data=data,
        local=_address(connection.local),
        remote=_address(connection.remote),
    )


def _address(pair: tuple[bytes, int]) -> pb.Address:
    host, port = pair
    return pb.Address(tcpip_address=pb.Address.TcpIpAddress(ip_address=host, port=port))
