"""The one place that says which Snapshot is the present one."""

from __future__ import annotations

import asyncio

from tollwayd.core.snapshot import EMPTY, Snapshot


class Current:
    """Holds the Snapshot that new calls pin. Swapped whole; calls under way keep the one they began with."""

    __slots__ = ("_swapped", "snapshot")

    def __init__(self) -> None:
        self.snapshot: Snapshot = EMPTY
        self._swapped = asyncio.Event()

    def swap(self, snapshot: Snapshot) -> None:
        """Makes this Snapshot the present one."""
        self.snapshot = snapshot
        self._swapped.set()
        self._swapped = asyncio.Event()

    async def reached(self, version: int) -> None:
        """Waits until the present Snapshot is of this version or a later one."""
        while self.snapshot.version < version:
            await self._swapped.wait()
