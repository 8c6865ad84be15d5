"""Settlements on this machine's disk, for as long as the store is away."""

from __future__ import annotations

import asyncio
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tollwayd.core.failpoint import failpoint
from tollwayd.state.metering.spool.file import SUFFIX, SpoolFile
from tollwayd.state.metering.spool.frames import MAX_RECORD_BYTES, frame

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from tollwayd.state.metering.spool.frames import Frames

    Book = Callable[[bytes], Awaitable[None]]

ResultT = TypeVar("ResultT")

MAX_BYTES: Final = 256 * 1024 * 1024
"""How much of the disk one process's spool takes: about a quarter of a million settlements, which is an hour's outage
at seventy calls a second."""

AT_ONCE: Final = 100
"""Records that are booked together."""

_log = logging.getLogger(__name__)


class Spool:
    """Keeps records, each some bytes, until they are booked: on disk before `append` says so, across crashes.

    A file is made when there is something to keep, and belongs to one process; those of processes that are no more are
    found and booked with one's own. `max_bytes` bounds what it holds. Close it; what is not booked waits for the next
    process.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        # Whatever touches files does so in this one thread, one after another.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._open: SpoolFile | None = None
        self._sealed: list[SpoolFile] = []
        self._waiting: list[tuple[bytes, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._replaying = asyncio.Lock()
        self._refusing = False

    @property
    def holds(self) -> int:
        """How many bytes wait to be booked, as far as this process knows."""
        return sum(file.size for file in (*self._sealed, *([self._open] if self._open else ())))

    def append(self, record: bytes) -> Awaitable[bool]:
        """Keeps a record. The writing is under way when this returns; awaited, it says whether the record is safe on
        the disk. It is not where the spool is full or the disk fails, which is logged as an error. Never raises."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if len(record) > MAX_RECORD_BYTES:
            done.set_result(self._refuse(f"one is of {len(record)} bytes, and {MAX_RECORD_BYTES} is the most"))
            return done
        self._waiting.append((frame(record), done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_waiting())
        return done

    async def replay(self, book: Book) -> int:
        """Books everything that is kept, by this process or by ones that are no more, and gives how many records that
        was. A file is removed when all of it is booked; so after a crash, or an error that `book` raises and this lets
        through, some are booked a second time: `book` has to be safe to repeat.

        A record that `book` raises ValueError for can never be booked. Its file is then set aside, and so is a damaged
        one, when the rest of it is booked; that is logged as an error.
        """
        async with self._replaying:
            await self._in_thread(self._adopt)
            booked = await self._book_sealed(book)
            if self._open:
                # While the store is away this fails, and the file stays open: one file an outage, and not one a try.
                booked += await self._book_some(self._open, self._open.frames(), book, 1)
                await self._in_thread(self._seal)
                booked += await self._book_sealed(book)
        return booked

    async def aclose(self) -> None:
        """Waits for what is being written, and leaves what is not booked to the next process."""
        if self._writing:
            await self._writing
        await self._in_thread(self._close)
        self._thread.shutdown()

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                safe = False
                try:
                    safe = await self._in_thread(self._write, b"".join(framed for framed, _ in batch))
                finally:
                    for _, done in batch:
                        if not done.done():
                            done.set_result(safe)
        finally:
            self._writing = None

    def _write(self, frames: bytes) -> bool:
        if self.holds + len(frames) > self._max_bytes:
            return self._refuse(f"it is full: it holds {self.holds} bytes of {self._max_bytes}")
        failpoint("spool.writing")
        try:
            self._open = self._open or SpoolFile.create(self._folder)
            self._open.append(frames)
            failpoint("spool.written")
        except OSError as error:
            self._abandon()
            return self._refuse(str(error.strerror))
        self._refusing = False
        return True

    def _abandon(self) -> None:
        """Takes no more into the open file, and keeps it only if something in it is safe."""
        if self._open and not self._open.size:
            with suppress(OSError):
                self._open.remove()
            self._open = None
        self._seal()

    def _refuse(self, why: str) -> bool:
        if not self._refusing:  # Once for each trouble: there is one refusal for each call.
            _log.error("The spool %s does not take a settlement: %s.", self._folder, why)
        self._refusing = True
        return False

    def _seal(self) -> None:
        if self._open:
            self._sealed.append(self._open)
        self._open = None

    def _adopt(self) -> None:
        own = {file.path for file in (*self._sealed, *([self._open] if self._open else ()))}
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            if path not in own and (file := SpoolFile.adopt(path)):
                self._sealed.append(file)

    async def _book_sealed(self, book: Book) -> int:
        booked = 0
        while self._sealed:
            file = self._sealed[0]
            frames = file.frames()
            booked += await self._book_some(file, frames, book)
            await self._finish(file, frames)
            self._sealed.remove(file)
        return booked

    async def _book_some(self, file: SpoolFile, frames: Frames, book: Book, most: int = sys.maxsize) -> int:
        """Books the records of a file that are not booked yet, or only some of them, and gives how many that was."""
        before, done = file.booked, file.booked + file.refused
        records = islice(frames, done, min(done + most, sys.maxsize))
        while batch := await self._in_thread(_next, records):
            outcomes = await asyncio.gather(*map(book, batch), return_exceptions=True)
            refused = sum(isinstance(outcome, ValueError) for outcome in outcomes)
            for outcome in outcomes:
                if isinstance(outcome, BaseException) and not isinstance(outcome, ValueError):
                    raise outcome
            file.refused += refused
            file.booked += len(batch) - refused
            failpoint("spool.booked")
        return file.booked - before

    async def _finish(self, file: SpoolFile, frames: Frames) -> None:
        """Removes a file of which all is booked that can be, and which was read to its end."""
        if frames.torn:
            _log.warning("%s ends in a record that was never finished; it is dropped.", file.path)
        if frames.damaged or file.refused:
            text = "%s is set aside: %d bytes are damaged and %d records cannot be booked, all others are booked."
            _log.error(text, file.path, frames.damaged, file.refused)
            await self._in_thread(file.set_aside)
        else:
            await self._in_thread(file.remove)

    def _close(self) -> None:
        self._seal()
        for file in self._sealed:
            file.close()
        self._sealed.clear()

    async def _in_thread(self, work: Callable[..., ResultT], *arguments: Any) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def _next(records: Iterator[bytes]) -> list[bytes]:
    return list(islice(records, AT_ONCE))
