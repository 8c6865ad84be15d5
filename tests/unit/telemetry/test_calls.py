"""What a call's end leaves: one log line, and counts."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from tollway.proxy.v1.inference_pb2 import Usage
from tollwayd.core.call import Call, Exchange, Principal
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.telemetry.access_log import AccessLog
from tollwayd.telemetry.call_metrics import CallMetrics

METHOD = "/tollway.proxy.v1.InferenceService/Generate"
TOKENS = {"tenant": "tenants/a", "provider": "openai", "upstream_model": "gpt-1"}


def served(usage: Usage | None = None) -> Call:
    call = Call(METHOD, {"authorization": "Bearer canary"}, peer="::1", door="rest")
    call.principal = Principal("app", "tenants/a", "tenants/a/apiKeys/app")
    call.exchange = Exchange("gpt", "openai", "gpt-1", usage=usage, first_byte_at=call.started + 0.2)
    return call


def log_line(call: Call, error: BaseException | None) -> dict:
    written = []
    AccessLog(written.append).on_end(call, error)
    (line,) = written
    return {"event": line.event, **line.fields()}


def test_a_line_says_who_called_what_and_what_it_used():
    line = log_line(served(Usage(input_tokens=3, output_tokens=4)), None)
    assert line.pop("seconds") >= 0
    assert line == {
        "event": "call",
        "call": line["call"],
        "method": METHOD,
        "door": "rest",
        "peer": "::1",
        "outcome": "OK",
        "tenant": "tenants/a",
        "key": "tenants/a/apiKeys/app",
        "model": "gpt",
        "provider": "openai",
        "upstream_model": "gpt-1",
        "stream": False,
        "first_byte_seconds": 0.2,
        "input_tokens": 3,
        "output_tokens": 4,
    }


def test_a_line_says_which_policy_refused_the_call():
    refused = TollwayError(Reason.REASON_RATE_LIMIT_EXCEEDED, metadata={"policy": "gold/rpm"})
    assert log_line(served(), refused)["refused_by"] == "gold/rpm"
    assert "refused_by" not in log_line(served(), TollwayError(Reason.REASON_MODEL_NOT_ALLOWED))


def test_a_line_says_what_policies_made_of_the_call():
    call = served()
    assert call.exchange is not None
    call.exchange.charged, call.exchange.downgraded_to, call.exchange.exceeded = 2_337_500, "mini", ("rpm",)
    line = log_line(call, None)
    assert (line["cost_nanos"], line["downgraded_to"], line["exceeded"]) == (2_337_500, "mini", ("rpm",))


def test_a_call_that_was_refused_early_has_a_line_too():
    line = log_line(Call(METHOD, {}), TollwayError(Reason.REASON_CREDENTIAL_MISSING))
    assert line["outcome"] == "CREDENTIAL_MISSING"
    assert "tenant" not in line


def test_a_stream_that_broke_and_a_client_that_left_are_told_apart():
    broken = served()
    broken.exchange.broken = TollwayError(Reason.REASON_UPSTREAM_INTERRUPTED)
    assert log_line(broken, None)["outcome"] == "UPSTREAM_INTERRUPTED"
    assert log_line(served(), asyncio.CancelledError())["outcome"] == "CANCELLED"
    late = Call(METHOD, {}, deadline=0.0)
    assert log_line(late, asyncio.CancelledError())["outcome"] == "DEADLINE_EXCEEDED"


def test_a_defect_is_logged_with_its_cause_even_where_lines_are_off():
    cause = ZeroDivisionError()
    error = TollwayError(Reason.REASON_INTERNAL)
    error.__cause__ = cause
    failed_end = served()
    failed_end.end_errors.append(KeyError())
    with capture_logs() as lines:
        AccessLog(None).on_end(served(), error)
        AccessLog(None).on_end(failed_end, None)
        AccessLog(None).on_end(served(), None)
    assert [line["log_level"] for line in lines] == ["error", "error"]
    assert lines[0]["exc_info"] is cause
    assert isinstance(lines[1]["exc_info"], KeyError)


def metrics_after(*ends: tuple[Call, BaseException | None]) -> CollectorRegistry:
    registry = CollectorRegistry()
    metrics = CallMetrics(registry)
    for call, error in ends:
        metrics.on_call(call)
        metrics.on_end(call, error)
    metrics.on_call(served())
    return registry


def test_calls_times_and_tokens_are_counted():
    failed = served(Usage(input_tokens=5, estimated=True))
    failed.exchange.attempts.append("backup: UPSTREAM_TIMEOUT")
    ends = (served(Usage(input_tokens=3, reasoning_tokens=4)), None), (failed, TollwayError(Reason.REASON_INTERNAL))
    value = metrics_after(*ends).get_sample_value
    assert value("tollway_calls_in_flight") == 1
    assert value("tollway_calls_total", {"method": METHOD, "door": "rest", "outcome": "OK"}) == 1
    assert value("tollway_calls_total", {"method": METHOD, "door": "rest", "outcome": "INTERNAL"}) == 1
    assert value("tollway_call_seconds_count", {"method": METHOD}) == 2
    assert value("tollway_first_byte_seconds_bucket", {"provider": "openai", "le": "0.25"}) == 2
    assert value("tollway_failed_attempts_total", {"provider": "backup"}) == 1
    assert value("tollway_tokens_total", {**TOKENS, "class": "input", "estimated": "false"}) == 3
    assert value("tollway_tokens_total", {**TOKENS, "class": "reasoning", "estimated": "false"}) == 4
    assert value("tollway_tokens_total", {**TOKENS, "class": "input", "estimated": "true"}) == 5
    assert value("tollway_tokens_total", {**TOKENS, "class": "output", "estimated": "false"}) is None


def test_costs_and_policies_that_only_observe_are_counted():
    call = served()
    assert call.exchange is not None
    call.exchange.charged, call.exchange.exceeded = 2_337_500, ("rpm",)
    value = metrics_after((call, None), (call, None)).get_sample_value
    assert value("tollway_cost_nanos_total", TOKENS) == 4_675_000
    assert value("tollway_policy_observed_total", {"tenant": "tenants/a", "policy": "rpm"}) == 2
