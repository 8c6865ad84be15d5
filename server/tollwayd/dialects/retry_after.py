"""How long a provider asks to wait: HTTP's header, and the finer one of OpenAI, which both SDKs read."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_RETRY_AFTER = 86_400.0
"""Seconds. A provider that asks for more than a day's patience is taken to ask for a day's."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds to wait, from 0 to MAX_RETRY_AFTER; None where the headers name none that can be read.

    `headers` has lower-case names. `retry-after-ms`, the finer one, goes before `retry-after`, which is in seconds or
    a date (RFC 9110, section 10.2.3).
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    said = headers.get("retry-after", "")
    seconds = _number(said)
    if seconds is None:
        seconds = _seconds_until(said)
    return None if seconds is None else _bounded(seconds)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _seconds_until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # RFC 5322's "-0000"; an HTTP date is always UTC.
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)
