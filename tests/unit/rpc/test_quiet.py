from __future__ import annotations

import logging

import grpc
import pytest

from tollwayd.rpc.listeners.grpcio_listener.quiet import keep_quiet_about_callers_who_left

LOG = logging.getLogger("grpc._cython.cygrpc")


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (grpc.aio.InternalError('Failed "execute_batch": (<SendStatusFromServerOperation>,)'), False),
        (grpc.aio.InternalError("Failed grpc_call_start_batch: 10"), True),
        (ValueError('Failed "execute_batch"'), True),
        (None, True),
    ],
)
def test_only_what_a_caller_who_left_is_to_blame_for_is_left_out(caplog, error, stays):
    keep_quiet_about_callers_who_left()
    LOG.error("raised in core", exc_info=error)
    assert bool(caplog.records) == stays
