"""Compressed bodies read as clients read them: what has come so far, without waiting for the rest."""

from __future__ import annotations

import sys
import zlib
from importlib import import_module
from importlib.util import find_spec

import pytest

_LIBRARIES = {
    "gzip": "zlib",
    "zstd": "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd",
    "br": "brotli",
}


def _is_there(library: str) -> bool:
    return all(find_spec(library.rsplit(".", cut)[0]) for cut in range(library.count("."), -1, -1))


CODINGS = [
    pytest.param(name, marks=pytest.mark.skipif(not _is_there(library), reason=f"{library} is not installed"))
    for name, library in _LIBRARIES.items()
]


def decoder(coding: str):
    """A function that decodes the next piece of a body."""
    library = import_module(_LIBRARIES[coding])
    if coding == "gzip":
        return zlib.decompressobj(31).decompress
    return library.Decompressor().process if coding == "br" else library.ZstdDecompressor().decompress


def decoded(coding: str, body: bytes) -> bytes:
    """A body that has to be whole."""
    decode = decoder(coding)
    plain = decode(body)
    made = decode.__self__
    assert made.is_finished() if coding == "br" else made.eof, "the body does not end"
    return plain
