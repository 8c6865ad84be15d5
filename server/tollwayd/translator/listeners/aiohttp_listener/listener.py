"""The listening socket, by aiohttp's runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from tollwayd.translator.limits import BACKLOG, MAX_FIELD_BYTES, MAX_HEADERS, MAX_LINE_BYTES
from tollwayd.translator.listeners.aiohttp_listener.connections import Connections

if TYPE_CHECKING:
    from tollwayd.translator.limits import Timeouts
    from tollwayd.translator.options import OnRefusal
    from tollwayd.translator.request import Answer

_CLOSE_SECONDS: Final = 0.1
"""What aiohttp waits, twice, for handlers; those still there have been cut already."""


class AiohttpListener:
    """As `listener.Listener`."""

    def __init__(self, answer: Answer, timeouts: Timeouts, limit: int, on_refusal: OnRefusal | None) -> None:
        self._connections: Final = Connections(
            answer,
            limit,
            on_refusal,
            timeouts=timeouts,
            handler_cancellation=True,  # Else a call goes on, and costs, though its client has left.
            access_log=None,  # The chain logs calls.
            auto_decompress=False,  # Compressed bodies are refused.
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_FIELD_BYTES,
            max_headers=MAX_HEADERS,
        )
        self._runner: Final = web.ServerRunner(self._connections, shutdown_timeout=_CLOSE_SECONDS)

    @property
    def connected(self) -> bool:
        return bool(self._connections.connections)

    async def start(self, host: str, port: int, *, reuse_port: bool) -> tuple[str, int]:
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, backlog=BACKLOG, reuse_port=reuse_port or None).start()
        bound_host, bound_port = self._runner.addresses[0][:2]
        return bound_host, bound_port

    async def stop(self) -> None:
        for site in self._runner.sites:
            await site.stop()

    async def close(self) -> None:
        await self._runner.cleanup()
