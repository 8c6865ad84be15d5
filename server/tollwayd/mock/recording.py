"""Recordings: a provider's answers of another day, played back byte by byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from tollwayd.mock.script import ScriptError

if TYPE_CHECKING:
    from pathlib import Path

    from tollwayd.mock.script import Script

MAX_RECORDING_BYTES = 64 * 1024 * 1024
"""Recordings are kept in memory; no vendor's answer comes near this."""

_AFTER_EVENT = re.compile(rb"(?<=\n\n)|(?<=\r\n\r\n)")


class Recording(NamedTuple):
    """What was recorded: a whole `body`, the `lines` of a stream without framing, or its framed `events`."""

    kind: Literal["body", "lines", "events"]
    content_type: str
    pieces: list[bytes]


def load_recordings(script: Script, folder: Path) -> dict[str, Recording]:
    """Every recording that a script names, by that name; relative ones stand in `folder`. ScriptError."""
    names = {answer.recording for rule in script.rules for answer in rule.answers if answer.recording is not None}
    return {name: _load(folder / name) for name in names}


def _load(path: Path) -> Recording:
    try:
        if path.stat().st_size > MAX_RECORDING_BYTES:
            raise ScriptError(f"{path}: larger than {MAX_RECORDING_BYTES} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise ScriptError(f"recording {error.filename}: {error.strerror}") from error
    if path.name.endswith(".chunks.txt"):
        return Recording("lines", "", [line for line in content.splitlines() if line])
    if path.suffix == ".sse":
        return Recording("events", "text/event-stream", [event for event in _AFTER_EVENT.split(content) if event])
    return Recording("body", "application/json" if path.suffix == ".json" else "application/octet-stream", [content])
