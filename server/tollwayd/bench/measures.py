"""What `tollway bench` measures of one target, and in which order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from tollwayd.bench.arithmetic import Frontier, Load, percentile
from tollwayd.bench.client import Target
from tollwayd.bench.loads import closed, opened
from tollwayd.bench.provider import STREAM_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tollwayd.bench.arithmetic import Request

PATH: Final = "/v1/chat/completions"
LINE: Final = "Where do all roads lead, and what does the toll come to on the way there and back?\n"
PROMPT: Final = LINE * 11
WARM_SECONDS: Final = 0.2
OPEN_CONNECTIONS: Final = 128
FRONTIER_ADDED_MS: Final = 10.0
"""What the 99th percentile may be above the one at a single connection, for a rate to count as quick."""

Figures = dict[str, float]


class Asked(NamedTuple):
    """Who is asked, with the secret of a key and the name of a model."""

    url: str
    key: str
    model: str

    def target(self, *, stream: bool) -> Target:
        """A chat completion of about a kilobyte. ValueError for a URL that is none."""
        messages = [{"role": "system", "content": "You are brief."}, {"role": "user", "content": PROMPT}]
        body = {"model": self.model, "messages": messages, "max_tokens": 256, "temperature": 0.5, "stream": stream}
        return Target.of(self.url, PATH, self.key, json.dumps(body).encode())


async def unary(asked: Asked, connections: int, seconds: float) -> Figures:
    """Whole answers: latency alone, the most at so many connections, and the highest rate that is still quick."""
    target = asked.target(stream=False)
    alone = _load(await closed(target, 1, seconds), seconds)
    full = _load(await closed(target, connections, seconds), seconds)
    failed, search = alone.failed + full.failed, Frontier(full.rate * 1.1)
    for rate in search if full.rate else ():
        load = _load(await opened(target, OPEN_CONNECTIONS, seconds, rate), seconds)
        search.held(rate, not load.failed and load.p99 <= alone.p99 + FRONTIER_ADDED_MS)
    return {
        "p50_ms": alone.p50,
        "p99_ms": alone.p99,
        f"c{connections}_rps": full.rate,
        f"c{connections}_p99_ms": full.p99,
        "frontier_rps": search.highest,
        "failed": failed,
    }


async def streams(asked: Asked, count: int, seconds: float) -> Figures:
    """Streams that begin one after the other, so that about `count` are under way: their first byte, and how long each
    token is on its way, where it says when it was sent."""
    ways: list[tuple[int, int]] = []
    rate = count / STREAM_SECONDS
    seconds = max(seconds, 2 / rate)  # Of few streams, long enough that one begins.
    made = await opened(asked.target(stream=True), count * 2, STREAM_SECONDS + seconds, rate, ways)
    begin = min(each.intended for each in made) + STREAM_SECONDS * 1e9
    load = Load.of([each for each in made if each.intended >= begin], seconds)
    figures = {"first_p50_ms": load.first_p50, "first_p99_ms": load.first_p99, "failed": float(load.failed)}
    if tokens := sorted(way / 1e6 for came, way in ways if came >= begin):
        figures |= {"token_p50_ms": percentile(tokens, 50), "token_p99_ms": percentile(tokens, 99)}
    return {f"s{count}_{name}": value for name, value in figures.items()}


def _load(made: Iterable[Request], seconds: float) -> Load:
    """What is told of requests, without those of the warming up."""
    made = sorted(made)
    begin = made[0].intended + WARM_SECONDS * 1e9
    return Load.of([each for each in made if each.intended >= begin], seconds - WARM_SECONDS)
