"""How long to wait, from the headers of either dialect's error."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tollwayd.dialects.anthropic_messages import AnthropicMessages
from tollwayd.dialects.openai_chat import OpenAIChat

pytestmark = pytest.mark.parametrize("dialect", [OpenAIChat(), AnthropicMessages()])


def wait(dialect, status, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return dialect.read_error(status, named, b"").retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0.25"}, 0.25),
        ({"retry_after_ms": "1500", "retry_after": "2"}, 1.5),
        ({"retry_after_ms": "soon", "retry_after": "2"}, 2.0),
        ({"retry_after": "-5"}, 0.0),
        ({"retry_after": "1e9"}, 86_400.0),
        ({"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry_after": "Wed, 21 Oct 2015 07:28:00 -0000"}, 0.0),
        ({"retry_after": f"Wed, 21 Oct {'9' * 30} 07:28:00 GMT"}, None),
        ({"retry_after": f"Wed, 21 Oct 2015 07:28:00 +{'9' * 30}"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "inf"}, None),
        ({}, None),
    ],
)
def test_it_is_read_and_bounded(dialect, headers, seconds):
    assert wait(dialect, 429, **headers) == seconds


def test_it_may_be_a_date(dialect):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < wait(dialect, 503, retry_after=date) <= 100


@pytest.mark.parametrize(("status", "seconds"), [(429, 7.0), (503, 7.0), (529, 7.0), (400, None), (500, None)])
def test_only_limits_and_overload_ask_to_wait(dialect, status, seconds):
    assert wait(dialect, status, retry_after="7") == seconds
