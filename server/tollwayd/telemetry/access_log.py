"""One structured log line for every call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.plugin import Stage
from tollwayd.telemetry.call_line import call_line

if TYPE_CHECKING:
    from tollwayd.core.call import Call
    from tollwayd.telemetry.logs import WriteLine


class AccessLog:
    """A chain link. It logs names, sizes and times, never a body, a header or a credential.

    `write` is None where only defects are wanted: a call that has none then costs nothing here.
    """

    name: Final = "access-log"
    stage: Final = Stage.OBSERVE

    def __init__(self, write: WriteLine | None) -> None:
        self._write = write
        self._log = structlog.get_logger("tollway.call")

    def on_end(self, call: Call, error: BaseException | None) -> None:
        """Writes the line; a defect's traceback goes with it."""
        if call.end_errors or (isinstance(error, TollwayError) and error.reason == Reason.REASON_INTERNAL):
            line = call_line(call, error)
            self._log.error(line.event, **line.fields(), exc_info=_defect(call, error))
        elif self._write is not None:
            self._write(call_line(call, error))


def _defect(call: Call, error: BaseException | None) -> BaseException:
    if isinstance(error, TollwayError) and error.reason == Reason.REASON_INTERNAL:
        return error.__cause__ or error
    return call.end_errors[0]
