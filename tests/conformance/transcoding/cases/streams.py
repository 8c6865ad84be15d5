"""Streamed answers: their framings, streams of nothing, and errors before and within."""

from __future__ import annotations

from tests.conformance.transcoding.case import Case

_SSE = ("accept: text/event-stream",)


_TWO = 'kinds {int32_value: 1} kinds {string_value: "\u00e9"}'


def gather(id_: str, body: str, makes: str = _TWO, **more) -> Case:
    return Case(f"gather-{id_}", "POST /v1/gather", "Gather", makes, body, **more)


def watch(id_: str, query: str, makes: str, **more) -> Case:
    return Case(f"stream-{id_}", f"GET /v1/watch?{query}", "Watch", makes, **more)


CASES = [
    watch("none", "count=0", ""),
    watch("one", "count=1", "count: 1"),
    watch("three", "count=3&leaf.id=a", 'count: 3 leaf {id: "a"}'),
    watch("lines-none", "count=0", "", at="lines"),
    watch("lines-one", "count=1", "count: 1", at="lines"),
    watch("lines-three", "count=3", "count: 3", at="lines"),
    watch("lines-newline-inside", "count=2&leaf.id=a%0Ab", r'count: 2 leaf {id: "a\nb"}', at="lines"),
    watch("events-none", "count=0", "", at="sse", headers=_SSE),
    watch("events-one", "count=1", "count: 1", at="sse", headers=_SSE),
    watch("events-three", "count=3", "count: 3", at="sse", headers=_SSE),
    watch("events-newline-inside", "count=2&leaf.id=a%0Ab", r'count: 2 leaf {id: "a\nb"}', at="sse", headers=_SSE),
    Case("stream-posted", "POST /v1/watch", "Watch", "count: 2", '{"count":2}', at="lines"),
    watch("trailers", "count=1", "count: 1", at="lines", headers=("te: trailers",)),
    watch("error-first", "code=5", "code: 5", status=404),
    watch("error-first-lines", "code=14", "code: 14", status=503, at="lines"),
    watch("error-first-events", "code=8", "code: 8", status=429, at="sse", headers=_SSE),
    watch("error-within", "count=2&code=5", "count: 2 code: 5"),
    watch("error-within-lines", "count=2&code=14", "count: 2 code: 14", at="lines"),
    watch("error-within-events", "count=1&code=13", "count: 1 code: 13", at="sse", headers=_SSE),
    Case(
        "stream-leaves",
        "GET /v1/answers/leaves?count=2&leaf.id=a",
        "WatchLeaves",
        'count: 2 leaf {id: "a"}',
        answers="leaf",
    ),
    gather("array", '[{"int32Value":1},{"stringValue":"\u00e9"}]'),
    gather("array-spaced", ' [ {"int32Value":1}\n,\r\n{"stringValue":"\u00e9"} ]\n'),
    gather("array-one", '[{"int32Value":1}]', "kinds {int32_value: 1}"),
    gather("array-empty-messages", "[{},{}]", "kinds {} kinds {}"),
    gather("array-empty", "[]", ""),
    gather("nothing", "", ""),
    gather("values", '{"int32Value":1}{"stringValue":"\u00e9"}'),
    gather("lines", '{"int32Value":1}\n{"stringValue":"\u00e9"}\n', headers=("content-type: application/x-ndjson",)),
]
