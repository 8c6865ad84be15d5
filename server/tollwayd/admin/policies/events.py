"""The events of policies, as they happen."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from tollway.admin.v1.policies_pb2 import StreamPolicyEventsResponse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from tollwayd.core.metering.limits.reached import Reached

    Batches = AsyncGenerator[Sequence[tuple[str, Reached]], None]

__all__ = ["answers"]


async def answers(batches: Batches) -> AsyncGenerator[StreamPolicyEventsResponse, None]:
    """Each event as a message."""
    async with aclosing(batches):
        async for batch in batches:
            for place, reached in batch:
                yield _answer(place, reached)


def _answer(place: str, reached: Reached) -> StreamPolicyEventsResponse:
    answer = StreamPolicyEventsResponse(
        event=place,
        policy=reached.policy,
        bucket=reached.bucket,
        unit=int(reached.unit),  # type: ignore[arg-type]  # their numbers are the same
        percent=reached.percent,
        threshold=reached.threshold,
        limit=reached.limit,
        settled=reached.settled,
    )
    answer.window_start_time.FromMilliseconds(reached.start_ms)
    answer.window_end_time.FromMilliseconds(reached.end_ms)
    answer.event_time.FromMilliseconds(int(place.partition("-")[0]))
    return answer
