"""`tollway bench`: a gateway of its own with all variants of governing beside its provider, or one that runs."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tollwayd.bench.cores import one_core_less, to_that_core
from tollwayd.bench.gateway import BenchmarkError, GatewayProcess
from tollwayd.bench.measures import Asked, Figures, streams, unary
from tollwayd.bench.policies import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ALONE: Final = ("p50_ms", "p99_ms")
"""Figures of one connection, which are told as what is added to the direct call's, too."""


class Options(NamedTuple):
    """What is measured: a gateway that runs, with a key and a model of it; one of its own where `running` is None."""

    running: Asked | None
    connections: int
    streams: int
    seconds: float
    output: Path | None


async def measure(options: Options, say: Callable[[str], None]) -> None:
    """Measures, and says what is found line by line. BenchmarkError."""
    with ExitStack() as stack:
        asked = {"gateway": options.running} if options.running else stack.enter_context(_own())
        figures = {}
        for name, each in asked.items():
            say(f"measuring {name}")
            figures[name] = await unary(each, options.connections, options.seconds)
            if options.streams:
                figures[name] |= await streams(each, options.streams, options.seconds)
            _check(name, figures[name])
    if "direct" in figures:
        _add_differences(figures)
    for line in table(figures):
        say(line)
    if options.output:
        options.output.write_text(json.dumps(_without_nan(figures), indent=1) + "\n")


def _without_nan(figures: Mapping[str, Figures]) -> dict[str, dict[str, float | None]]:
    """JSON has no NaN, which a latency is where nothing was answered."""
    return {
        target: {name: None if math.isnan(value) else value for name, value in each.items()}
        for target, each in figures.items()
    }


def _check(name: str, figures: Figures) -> None:
    """Figures of a target that answers nothing at all are none."""
    if not any(value for figure, value in figures.items() if figure.endswith("_rps")):
        raise BenchmarkError(f"{name} answers no request with 200; are the URL, the key and the model right?")


@contextmanager
def _own() -> Iterator[dict[str, Asked]]:
    """A provider and a gateway in processes of their own; who is asked, by name."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tollway-bench-")))
        stack.enter_context(one_core_less())
        provider = stack.enter_context(_provider())
        gateway = stack.enter_context(GatewayProcess(folder))
        to_that_core(gateway.process.pid)
        asked = {"direct": Asked(provider, "none", "openai")}
        for variant, policies in VARIANTS.items():
            key = gateway.tenant({"openai": provider}, policies)
            asked[variant] = Asked(f"http://{gateway.addresses['proxy_http']}", key, "openai")
        yield asked


@contextmanager
def _provider() -> Iterator[str]:
    command = [sys.executable, "-m", "tollwayd.bench.provider"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # A module of ours.
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def _add_differences(figures: Mapping[str, Figures]) -> None:
    direct = figures["direct"]
    for mine in figures.values():
        names = [name for name in mine if name in ALONE or (name.startswith("s") and name.endswith("_ms"))]
        mine |= {f"added_{name}": mine[name] - direct[name] for name in names}


def table(figures: Mapping[str, Figures]) -> Iterator[str]:
    """A line for each figure, a column for each target."""
    names = dict.fromkeys(name for each in figures.values() for name in each)
    yield f"{'':22}" + "".join(f"{target:>12}" for target in figures)
    for name in names:
        yield f"{name:22}" + "".join(f"{_number(each.get(name)):>12}" for each in figures.values())


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
