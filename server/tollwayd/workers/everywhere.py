"""Up to which version of the configuration every worker serves."""

from __future__ import annotations

import asyncio


class Everywhere:
    """As `Current` is for one process: what a call changes through one worker, the next call finds at any other."""

    def __init__(self) -> None:
        self._version = 0
        self._moved = asyncio.Event()

    def move(self, version: int) -> None:
        """Every worker serves by this version, or a later one."""
        self._version = version
        self._moved.set()
        self._moved = asyncio.Event()

    async def reached(self, version: int) -> None:
        """Waits until every worker does."""
        while self._version < version:
            await self._moved.wait()
