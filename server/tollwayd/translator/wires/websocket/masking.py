"""Only masked frames go through: a server must close on one that is not (RFC 6455, section 5.1).

A mask keeps a page's script from choosing the bytes on the wire, which a proxy might take for a request and its answer.
aiohttp's reader is for frames of servers too, and does not look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import WebSocketError, WSCloseCode
from aiohttp.http import WebSocketReader

if TYPE_CHECKING:
    from tollwayd.translator.wires.websocket.inflow import Inflow

_MASKED: Final = 0x80
_MASK_BYTES: Final = 4
_LENGTH_BYTES: Final = {126: 2, 127: 8}
_HEAD_BYTES: Final = 10
"""The longest head, without its mask."""


class MaskedReader(WebSocketReader):
    """aiohttp's reader, for clients' frames: one that is not masked is a violation that `inflow` hears of. Further
    arguments are those of aiohttp's.
    """

    __slots__ = ("_head", "_inflow", "_left", "_refused")

    def __init__(self, inflow: Inflow, *settings: Any, **more: Any) -> None:
        super().__init__(inflow, *settings, **more)
        self._inflow: Final = inflow
        self._head = b""
        self._left = 0
        self._refused = False

    def feed_data(self, data: bytes | bytearray | memoryview) -> tuple[bool, bytes]:
        """aiohttp: something came. Whether nothing more is wanted, and what is left over, which is nothing."""
        if self._refused:
            return True, b""
        if not self._are_masked(bytes(data)):
            self._refused = True
            self._inflow.set_exception(WebSocketError(WSCloseCode.PROTOCOL_ERROR, "a frame is not masked"))
            return True, b""
        return super().feed_data(data)

    def _are_masked(self, data: bytes) -> bool:
        """Goes from head to head; `_left` is how far the next one is behind the data, `_head` what came of it."""
        place, size = self._left, len(data)
        while place < size:
            head = self._head + data[place : place + _HEAD_BYTES]
            if len(head) > 1 and not head[1] & _MASKED:
                return False
            length = _frame_bytes(head)
            if not length:
                self._head, self._left = head, 0
                return True
            place += length - len(self._head)
            self._head = b""
        self._left = place - size
        return True


def _frame_bytes(head: bytes) -> int:
    """The length of the masked frame, 0 where its head does not say yet."""
    if len(head) < 2:
        return 0
    length = head[1] & ~_MASKED
    end = 2 + _LENGTH_BYTES.get(length, 0)
    if len(head) < end:
        return 0
    return end + _MASK_BYTES + (int.from_bytes(head[2:end], "big") if end > 2 else length)
