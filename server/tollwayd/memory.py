"""What a process keeps in memory once it has started."""

from __future__ import annotations

import ctypes
import gc
import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAPS: Final = Path("/proc/self/maps")

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3

KEPT_BYTES: Final = 16 * 1024 * 1024
"""Of freed memory: what eight calls of 400 KB at once have in use."""

MAPPED_BYTES: Final = 4 * 1024 * 1024
"""A block from this size on is taken from the kernel, and given back, by itself."""

YOUNG_OBJECTS: Final = 5_000
"""How many objects may come into being, beyond those that went, before the youngest are looked through. Those of calls
go without that; at Python's 700 looking took 2 % of the CPU of calls."""


def settle() -> None:
    """Call it once, when everything has started."""
    # What the start made stays for good: collections that look through all of it every time take some 50 ms, and every
    # call under way waits for them.
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
    _keep_freed_pages()
    _unmap_code()


def _keep_freed_pages() -> None:
    """Has the C library keep up to KEPT_BYTES that were freed. By itself it gives the memory of large bodies back with
    every call, and the kernel clears as much again for the next: a quarter of the CPU of a call of 400 KB. Only glibc
    can be told (mallopt(3))."""
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)


def _unmap_code() -> None:
    """Gives back the pages of machine code that the start has run, 25 MB of them; calls run 11 to 16 MB of that again.

    They stay in the kernel's page cache, where they are now the first to go when memory is short. What runs again is
    mapped again: 45 page faults more in the first 200 calls, of microseconds each. Code is never written, so nothing
    is lost. Only Linux says where it is.
    """
    if not _MAPS.exists():
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for start, end in _code():
        madvise(start, end - start, mmap.MADV_DONTNEED)  # Refused for locked memory, which is to stay: nothing to do.


def _code() -> Iterator[tuple[int, int]]:
    """Where files are mapped to be run: `7f61-7f62 r-xp 00001000 fe:00 9995183  /usr/lib/libssl.so.3`."""
    for line in _MAPS.read_text().splitlines():
        addresses, permissions, _, _, inode, *_ = line.split()
        if permissions == "r-xp" and inode != "0":
            start, end = addresses.split("-")
            yield int(start, 16), int(end, 16)
