"""Listeners: what accepts connections and reads requests from them. There are two, which differ in nothing but cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Protocol

from tollwayd.translator.listeners.aiohttp_listener.listener import AiohttpListener
from tollwayd.translator.listeners.lean.listener import LeanListener

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollwayd.translator.limits import Timeouts
    from tollwayd.translator.options import OnRefusal
    from tollwayd.translator.request import Answer

ListenerName = Literal["aiohttp", "lean"]


class Listener(Protocol):
    """Listens at one address for requests, and has `answer` answer them. It holds `limit` connections at once, each to
    its timeouts; `on_refusal` hears of what is no request.
    """

    @property
    def connected(self) -> bool:
        """Whether it holds a connection."""

    async def start(self, host: str, port: int, *, reuse_port: bool) -> tuple[str, int]:
        """Listens; gives the bound address. OSError where it is taken."""

    async def stop(self) -> None:
        """Listens no more; connections stay."""

    async def close(self) -> None:
        """Closes the connections."""


class MakeListener(Protocol):
    """Makes one."""

    def __call__(self, answer: Answer, timeouts: Timeouts, limit: int, on_refusal: OnRefusal | None) -> Listener: ...


LISTENERS: Final[Mapping[str, MakeListener]] = {"aiohttp": AiohttpListener, "lean": LeanListener}
"""By their names in settings."""
