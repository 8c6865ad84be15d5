"""channelz (gRFC A14) as methods of a registry: it shows peers and counters, so the chain stands before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
from grpc_channelz.v1 import channelz

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from google.protobuf.message import Message

    from tollwayd.core.call import Call


class ChannelzServicer:
    """Serves `grpc.channelz.v1.Channelz` by grpcio's own servicer, which every method is looked up in."""

    def __getattr__(self, name: str) -> Callable[[Any, Call], Awaitable[Message]]:
        ask = getattr(channelz.ChannelzServicer, name)

        async def answer(request: Any, _: Call) -> Message:
            context = _Context()
            found: Message | None = ask(request, context)
            if found is None:
                raise TollwayError(context.reason)
            return found

        return answer


class _Context:
    """What grpcio's servicer tells its failures to. C-Core's words for them are not passed on."""

    reason = Reason.REASON_INTERNAL

    def set_code(self, code: grpc.StatusCode) -> None:
        if code == grpc.StatusCode.NOT_FOUND:
            self.reason = Reason.REASON_RESOURCE_NOT_FOUND

    def set_details(self, _: str) -> None: ...
