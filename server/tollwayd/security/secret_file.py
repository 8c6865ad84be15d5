"""A file that holds one secret: made once, whichever of several processes comes first, for its owner's eyes alone."""

from __future__ import annotations

import os
import secrets
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["SecretFileError", "read_or_create"]

MAX_BYTES = 64 * 1024
"""A larger file is not one of ours; it is refused before it fills memory."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretFileError(Exception):
    """A secret file cannot be trusted or read. The text names the file and what to do, never its content."""


def read_or_create(path: Path, make: Callable[[], str]) -> tuple[str, bool]:
    """The file's text, stripped, and whether this call made it with what `make` gave. SecretFileError, OSError."""
    try:
        return _read(path), False
    except FileNotFoundError:
        created = _create(path, make())
    return _read(path), created


def _read(path: Path) -> str:
    with path.open("rb") as file:
        # Judged on the open file: a path could change between the look and the read.
        if os.fstat(file.fileno()).st_mode & _OTHERS:
            raise SecretFileError(f"{path} can be read by others: run 'chmod 600' on it, and replace the secret in it")
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise SecretFileError(f"{path} is larger than {MAX_BYTES} bytes, so it is not a secret file of the gateway")
    try:
        return content.decode().strip()
    except UnicodeDecodeError:
        raise SecretFileError(f"{path} is not a text file") from None


def _create(path: Path, text: str) -> bool:
    """Whether this process was the first. The name appears with its whole content, so nobody reads half a secret."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_new(draft, text)
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return True


def _write_new(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    # A key that seals what is stored elsewhere must outlive a power cut as well as that does.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
