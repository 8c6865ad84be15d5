"""Logging: structlog for the gateway's own lines, and the standard library's lines in the same form."""

from __future__ import annotations

import logging
import select
import sys
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING, Any, TextIO

import msgspec
import orjson
import structlog

from tollwayd.telemetry.call_line import CallLine
from tollwayd.telemetry.log_stream import LogStream

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

_GRPC = "grpc._cython.cygrpc"

WriteLine = Callable[[CallLine], None]
"""`write(line)` writes the line of one call."""


def configure_logs(*, text: bool, level: str, shared: bool = False) -> WriteLine | None:
    """Writes lines to standard error, which may be `shared` with other processes: readable text, or one JSON object a
    line.

    What it gives writes lines at the rate of calls: structlog's way to JSON takes 10 µs more for each. None where the
    level leaves such lines out.
    """
    least = logging.getLevelNamesMapping()[level.upper()]
    stream = LogStream(sys.stderr.buffer, select.PIPE_BUF if shared else None)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(_text() if text else _json()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: _Lines(stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Bridge()], level=max(least, logging.INFO), force=True)
    logging.getLogger(_GRPC).addFilter(_without_metadata)
    if least > logging.INFO:
        return None
    return _write_text if text else _json_writer(stream)


def _without_metadata(record: logging.LogRecord) -> bool:
    """C-Core's binding quotes metadata that it cannot read, a credential too, with a traceback that tells no more."""
    if record.getMessage().startswith("Invalid encoding"):
        record.msg, record.args, record.exc_info = "A call has metadata that is not text.", (), None
    return True


def _json_writer(stream: LogStream) -> WriteLine:
    encode, write_line = msgspec.json.Encoder().encode, stream.write

    def write(line: CallLine) -> None:
        write_line(encode(line))

    return write


def _write_text(line: CallLine) -> None:
    structlog.get_logger("tollway").info(line.event, **line.fields())


def _text() -> list[Processor]:
    renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_write_traceback)
    return [_short_times, _on_one_line, renderer, _encoded]


def _json() -> list[Processor]:
    # Local variables, which structlog's tracebacks show unless told not to, hold credentials and prompts.
    transformer = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(transformer),
        structlog.processors.JSONRenderer(serializer=lambda value, **_: orjson.dumps(value, default=str)),
    ]


def _short_times(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["timestamp"] = str(event["timestamp"])[11:23]
    return event


def _on_one_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Texts without what ends a line or commands a terminal: some are a caller's. Other values the renderer quotes."""
    return {name: _shown(value) if isinstance(value, str) else value for name, value in event.items()}


def _shown(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _write_traceback(to: TextIO, exception: Any) -> None:
    """Indented, since its last lines are what the exception says, and must not look like a line of ours."""
    plain = StringIO()
    structlog.dev.plain_traceback(plain, exception)
    to.write("\n  ".join(map(_shown, plain.getvalue().split("\n"))))


def _encoded(_: WrappedLogger, __: str, line: Any) -> bytes:
    text: str = line
    return text.encode("utf-8", "backslashreplace")


class _Lines:
    """The logger that structlog wraps: every level's method takes a whole line."""

    def __init__(self, stream: LogStream) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = self.exception = stream.write


class _Bridge(logging.Handler):
    """Hands the standard library's records to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None)
