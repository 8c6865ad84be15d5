"""One file of the spool. Everything here blocks."""

from __future__ import annotations

import fcntl
import os
import time
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, Final

from tollwayd.state.metering.spool.frames import Frames

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX: Final = ".spool"
DAMAGED_SUFFIX: Final = ".damaged"


class SpoolFile:
    """A file that this process alone appends to, and holds the lock of while it lives. OSError from every method.

    The lock goes with the process, however it ends: a file that can be locked is a dead one's. `size` are the bytes
    that are safe; `booked` and `refused` tell how many of its records, from the first on, have been taken and were not.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path: Final = path
        self.size = os.fstat(descriptor).st_size
        self.booked = 0
        self.refused = 0
        self._descriptor = descriptor

    @classmethod
    def create(cls, folder: Path) -> SpoolFile:
        """A new file, whose name comes after those of all before it."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            path = folder / f"{time.time_ns():020}-{os.getpid()}{SUFFIX}"
            if file := cls._locked(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)):
                _sync_folder(folder)
                return file

    @classmethod
    def adopt(cls, path: Path) -> SpoolFile | None:
        """The file of a process that is no more; None where its process lives, or somebody else was quicker."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        return cls._locked(path, descriptor)

    @classmethod
    def _locked(cls, path: Path, descriptor: int) -> SpoolFile | None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Between its opening and its locking somebody may have booked, and removed it.
            if os.path.samestat(path.stat(), os.fstat(descriptor)):
                return cls(path, descriptor)
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(descriptor)
        return None

    def append(self, frames: bytes) -> None:
        """Appends and returns when it is on the disk. After an error nothing more may be appended: what the kernel
        could not write it may have forgotten, and a later success would tell nothing."""
        rest = memoryview(frames)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.fsync(self._descriptor)
        self.size += len(frames)

    def frames(self) -> Frames:
        """All of its records."""
        size = os.fstat(self._descriptor).st_size
        return Frames(mmap(self._descriptor, size, access=ACCESS_READ) if size else b"")

    def remove(self) -> None:
        """Removes it, for all of it is booked."""
        self.path.unlink()
        self._leave()

    def set_aside(self) -> None:
        """Keeps it under another name, for people to look at."""
        self.path.rename(self.path.with_name(self.path.name + DAMAGED_SUFFIX))
        self._leave()

    def close(self) -> None:
        """Leaves it for the next process."""
        os.close(self._descriptor)

    def _leave(self) -> None:
        _sync_folder(self.path.parent)
        self.close()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
