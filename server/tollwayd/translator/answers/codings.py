"""Content codings (RFC 9110, section 8.4.1): compressors of whole bodies, and of bodies that go out part by part.

Levels and windows by measurement, on recorded answers of providers, one core:

| | whole, 1 KiB | 4 KiB | 16 KiB | an event of 300 bytes | held a stream |
| --- | --- | --- | --- | --- | --- |
| zstd | 13 us, 1.8 times smaller | 20 us, 2.3 | 39 us, 3.3 | 1.7 us, 5.7 | 97 KiB |
| gzip | 11 us, 1.9 times smaller | 25 us, 2.3 | 71 us, 3.3 | 4.6 us, 5.0 | 36 KiB |
| br | 14 us, 1.8 times smaller | 33 us, 2.3 | 80 us, 3.4 | 8.2 us, 4.5 | 330 KiB |

Higher levels take up to three times as long for a tenth less. zlib's own sizes, a window of 32 KiB and 256 KiB in all,
take 30 us for the 1 KiB: to clear the memory costs more than to compress.
"""

from __future__ import annotations

import sys
import zlib
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_ZSTD: Final = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
_BROTLI: Final = "brotli"

_GZIP_LEVEL = 3
_GZIP_WHOLE = (16 + 13, 6)  # zlib's wbits, 16 of which say gzip, and memLevel: 8 KiB of window, 64 KiB in all.
_GZIP_STREAM = (16 + 12, 5)
_BROTLI_QUALITY = 3
_BROTLI_WINDOW = 16  # As powers of two, here and below.
_BROTLI_STREAM_WINDOW = 12  # A smaller one holds no less.
_ZSTD_LEVEL = 1
_ZSTD_STREAM_WINDOW = 15
_ZSTD_STREAM_HASHES = 12


class Compressor(Protocol):
    """Compresses one body. All that was put in can be read from what came out (RFC 1951 calls that a flush)."""

    def part(self, body: bytes) -> bytes:
        """The next part, not empty, compressed."""

    def end(self) -> bytes:
        """What ends the body."""


class Coding(NamedTuple):
    """A content coding by its registered name; `held_bytes` is what a compressor holds while its stream is open."""

    name: str
    whole: Callable[[bytes], bytes]
    compressor: Callable[[], Compressor]
    held_bytes: int


class _GzipStream:
    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: Final = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, *_GZIP_STREAM)

    def part(self, body: bytes) -> bytes:
        return self._made.compress(body) + self._made.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._made.flush()


class _BrotliStream:
    __slots__ = ("_made",)

    def __init__(self) -> None:
        brotli = _library(_BROTLI)
        self._made: Final = brotli.Compressor(
            mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY, lgwin=_BROTLI_STREAM_WINDOW
        )

    def part(self, body: bytes) -> bytes:
        out: bytes = self._made.process(body) + self._made.flush()
        return out

    def end(self) -> bytes:
        out: bytes = self._made.finish()
        return out


class _ZstdStream:
    __slots__ = ("_made",)

    def __init__(self) -> None:
        zstd = _library(_ZSTD)
        parameter = zstd.CompressionParameter
        options = {
            parameter.compression_level: _ZSTD_LEVEL,
            parameter.window_log: _ZSTD_STREAM_WINDOW,
            parameter.hash_log: _ZSTD_STREAM_HASHES,
        }
        self._made: Final = zstd.ZstdCompressor(options=options)

    def part(self, body: bytes) -> bytes:
        out: bytes = self._made.compress(body, self._made.FLUSH_BLOCK)
        return out

    def end(self) -> bytes:
        out: bytes = self._made.flush(self._made.FLUSH_FRAME)
        return out


def _gzip(body: bytes) -> bytes:
    made = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, *_GZIP_WHOLE)
    return made.compress(body) + made.flush()


def _brotli(body: bytes) -> bytes:
    brotli = _library(_BROTLI)
    out: bytes = brotli.compress(body, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY, lgwin=_BROTLI_WINDOW)
    return out


def _zstd(body: bytes) -> bytes:
    out: bytes = _library(_ZSTD).compress(body, _ZSTD_LEVEL)
    return out


@cache
def _library(name: str) -> Any:
    """A library that no answer needed so far: many gateways never load it."""
    return import_module(name)


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # Its parent package is not there.
        return False


GZIP: Final = Coding("gzip", _gzip, _GzipStream, 36 * 1024)

CODINGS: Final = (
    *((Coding("zstd", _zstd, _ZstdStream, 97 * 1024),) if _is_there(_ZSTD) else ()),
    GZIP,
    *((Coding("br", _brotli, _BrotliStream, 330 * 1024),) if _is_there(_BROTLI) else ()),
)
"""Those that the installed libraries know, the cheapest first."""
