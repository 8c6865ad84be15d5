"""What the project wants of its speed, as a table that is made out of recorded figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tests.bench.results.table import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Target(NamedTuple):
    """A figure of a cell's subject that has to be at least `bar`, or at most where it `costs`; what would be better yet
    is `beyond`. With `of`, it is how many times that subject's figure it is."""

    what: str
    cell: str
    subject: str
    figure: str
    bar: float
    unit: str = ""
    beyond: float | None = None
    of: str = ""
    costs: bool = False

    def reached(self, cells: Mapping[str, Any]) -> float | None:
        """The figure in recorded cells; None where it was not measured."""
        figures = cells.get(self.cell, {}).get("figures", {})
        value: float | None = figures.get(self.subject, {}).get(self.figure)
        if value is None or not self.of:
            return value
        theirs = figures.get(self.of, {}).get(self.figure)
        return value / theirs if theirs else None

    def met(self, value: float) -> bool:
        """Whether that is as wanted."""
        return value <= self.bar if self.costs else value >= self.bar


_UNARY, _PACED = "unary/1k/openai", "paced/1k/openai"
_BOTH, _HEAD = "100,000 keys, 10,000 models", "metering: "
_STREAMS = {"cell": _PACED, "subject": "strict", "costs": True, "unit": "ms"}

TARGETS = (
    Target("whole answers, key only, of Envoy's rate", _UNARY, "key", "c32_rps", 0.8, beyond=1.0, of="envoy"),
    Target("whole answers, governed, of Envoy's rate", _UNARY, "strict", "c32_rps", 0.6, beyond=0.8, of="envoy"),
    Target("the same with leased limits", _UNARY, "leased", "c32_rps", 0.75, beyond=1.0, of="envoy"),
    Target("governed, of LiteLLM's rate with the same limits", _UNARY, "strict", "c32_rps", 80, of="litellm-limits"),
    Target("added at one connection, governed, p50", _UNARY, "strict", "added_p50_ms", 0.3, "ms", costs=True),
    Target("the same, times what Envoy adds", _UNARY, "strict", "added_p50_ms", 2, of="envoy", costs=True),
    Target("added at one connection, governed, p99", _UNARY, "strict", "added_p99_ms", 0.8, "ms", costs=True),
    Target("the same, times what Envoy adds", _UNARY, "strict", "added_p99_ms", 2, of="envoy", costs=True),
    Target("streams of 20 ms a token at once, governed", _PACED, "strict", "sustained_streams", 1000, beyond=2000),
    Target("added to the first token, at 1,000 streams, p99", figure="s1000_added_first_p99_ms", bar=2, **_STREAMS),
    Target("added to each token, at 1,000 streams, p99", figure="s1000_added_token_p99_ms", bar=0.5, **_STREAMS),
    Target("deltas a second, same dialect, governed", "fast/1k/openai", "strict", "c32_deltas_per_s", 150_000),
    Target(
        "deltas a second, between dialects, governed",
        "fast/1k/openai-to-anthropic",
        "strict",
        "c32_deltas_per_s",
        40_000,
    ),
    Target(
        "gRPC in types, governed, of an empty server's rate", "unary/1k/grpc-typed", "strict", "c32_rps", 0.6, of="echo"
    ),
    Target("the same by the lean listener", "unary/1k/grpc-typed", "lean", "c32_rps", 0.6, of="echo"),
    Target(
        "CPU a request with a prompt of 100,000 tokens",
        "unary/100k-tokens/openai",
        "strict",
        "cpu_us",
        1500,
        "us",
        costs=True,
    ),
    Target("memory of a worker, idle", "memory", "strict", "idle_mb", 90, "MB", costs=True),
    Target("memory of a live stream", "memory", "strict", "kb_a_stream", 60, "KB", costs=True),
    Target("two workers, of one's rate, governed", "workers", "two", "strict_rps", 1.8, of="one"),
    Target("100,000 keys and 10,000 models, of the rate with 10", "growth", _BOTH, "c32_rps", 0.95, of="few"),
    Target("their start", "growth", _BOTH, "start_s", 5, "s", costs=True),
    Target("until a change is in force with them, p99", "growth", _BOTH, "change_p99_ms", 100, "ms", costs=True),
    Target(
        "CPU of a worker for two limits",
        "parts/metering",
        _HEAD + "rate and budget",
        "us CPU a call",
        60,
        "us",
        costs=True,
    ),
    Target(
        "CPU of a worker for a leased limit",
        "parts/metering",
        _HEAD + "leased rate",
        "us CPU a call",
        15,
        "us",
        costs=True,
    ),
)


def rows(cells: Mapping[str, Any]) -> Iterator[str]:
    """The table in Markdown."""
    yield "| what | target | beyond | reached | |"
    yield "| --- | --- | --- | --- | --- |"
    for target in TARGETS:
        sign, value = "<=" if target.costs else ">=", target.reached(cells)
        bar = f"{sign} {number(target.bar)} {target.unit}".rstrip()
        beyond = "" if target.beyond is None else number(target.beyond)
        if value is None:
            yield f"| {target.what} | {bar} | {beyond} | not measured | |"
        else:
            verdict = "" if target.met(value) else "**missed**"
            yield f"| {target.what} | {bar} | {beyond} | {f'{number(value)} {target.unit}'.rstrip()} | {verdict} |"
