"""What grpc.aio logs as an error and is none: a caller who left while it was sending."""

from __future__ import annotations

import logging

import grpc

_GRPC = "grpc._cython.cygrpc"

# A batch that C-Core took and could not finish. One that it refused says "Failed grpc_call_start_batch": a defect.
_UNFINISHED = 'Failed "execute_batch"'


def keep_quiet_about_callers_who_left() -> None:
    """Has grpc.aio's log leave such records out; safe to repeat.

    Its server looks whether the caller has left before it logs a failed batch, but hears of the batch first: a client
    that shuts its window and leaves is a traceback in the log each time.
    """
    logging.getLogger(_GRPC).addFilter(_is_of_use)


def _is_of_use(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, grpc.aio.InternalError) and str(error).startswith(_UNFINISHED))
