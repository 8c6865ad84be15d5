"""How the time of a usage query is divided."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tollway.admin.v1.usage_pb2 import QueryUsageRequest
from tollwayd.admin.usage.buckets import MAX_DAYS, buckets
from tollwayd.core.errors import Reason, TollwayError


def hour(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) // 3600


def asked(start: str, end: str = "", **fields) -> QueryUsageRequest:
    request = QueryUsageRequest(**fields)
    request.start_time.FromJsonString(start)
    if end:
        request.end_time.FromJsonString(end)
    return request


def divided(*times: str, **fields) -> list[str]:
    """The beginnings of the buckets and the end, in the zone's time."""
    found = buckets(asked(*times, **fields), default_end=0)
    return [datetime.fromtimestamp(each * 3600, UTC).strftime("%m-%dT%H") for each in (*found.starts, found.end)]


def test_without_a_bucket_it_is_one():
    times = "2026-11-01T05:00:00Z", "2026-11-03T00:00:00Z"
    assert divided(*times) == divided(*times, bucket="TOTAL") == ["11-01T05", "11-03T00"]


def test_hours():
    assert divided("2026-11-01T22:00:00Z", "2026-11-02T01:00:00Z", bucket="HOUR") == [
        "11-01T22",
        "11-01T23",
        "11-02T00",
        "11-02T01",
    ]


def test_days_are_cut_at_the_ends_of_what_is_asked_for():
    times = "2026-11-01T05:00:00Z", "2026-11-03T07:00:00Z"
    assert divided(*times, bucket="DAY") == ["11-01T05", "11-02T00", "11-03T00", "11-03T07"]


def test_months_have_their_days_in_leap_years_too():
    times = "2028-01-15T00:00:00Z", "2028-04-01T00:00:00Z"
    assert divided(*times, bucket="MONTH") == ["01-15T00", "02-01T00", "03-01T00", "04-01T00"]


def test_days_of_a_zone_follow_its_clocks():
    times = "2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z"
    zoned = {"bucket": "DAY", "time_zone": "Europe/Berlin"}
    assert divided(*times, **zoned) == ["10-23T22", "10-24T22", "10-25T23", "10-26T23"]
    found = buckets(asked(*times, **zoned), 0)
    assert [found.end_of(index) - start for index, start in enumerate(found.starts)] == [24, 25, 24]


def test_every_hour_lies_in_one_bucket():
    found = buckets(asked("2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z", bucket="DAY"), 0)
    for each in range(found.start, found.end):
        index = found.index(each)
        assert found.starts[index] <= each < found.end_of(index)
    days = list(found.days(found.start))
    assert [first for first, _ in days] == [found.start, *[last for _, last in days[:-1]]]
    assert days[-1][1] == found.end
    assert all(first // 24 == (last - 1) // 24 for first, last in days)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Australia/Adelaide", "Asia/Kathmandu"])
def test_zones_that_are_off_by_parts_of_hours_are_refused_where_it_matters(zone):
    times = "2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z"
    with pytest.raises(TollwayError, match=r"timeZone: .*whole ones"):
        divided(*times, bucket="DAY", time_zone=zone)


@pytest.mark.parametrize("bucket", ["TOTAL", "HOUR", "BUCKET_UNSPECIFIED"])
def test_a_zone_is_for_days_and_months(bucket):
    with pytest.raises(TollwayError, match="timeZone: is where days and months begin"):
        divided("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z", bucket=bucket, time_zone="Europe/Berlin")


@pytest.mark.parametrize("zone", ["Mars/Phobos", "../../etc/passwd", "America", "\0"])
def test_what_is_no_zone_is_refused(zone):
    with pytest.raises(TollwayError, match="timeZone: is no zone") as refused:
        divided("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z", bucket="DAY", time_zone=zone)
    assert refused.value.reason == Reason.REASON_FIELD_INVALID


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-11-01T00:30:00Z", "2026-11-03T00:00:00Z", "startTime: has to be a whole hour"),
        ("2026-11-01T00:00:00Z", "2026-11-03T00:00:00.5Z", "endTime: has to be a whole hour"),
        ("2026-11-03T00:00:00Z", "2026-11-03T00:00:00Z", "startTime: has to be before"),
        ("2026-11-04T00:00:00Z", "2026-11-03T00:00:00Z", "startTime: has to be before"),
        ("1969-12-31T23:00:00Z", "1970-01-03T00:00:00Z", "startTime: has to be from 1970"),
        ("9999-12-31T22:00:00Z", "9999-12-31T23:00:00Z", "startTime: has to be from 1970"),
        ("2026-01-01T00:00:00Z", "2027-02-05T01:00:00Z", f"endTime: may be {MAX_DAYS} days"),
    ],
)
def test_times_that_cannot_be_are_refused(start, end, said):
    with pytest.raises(TollwayError, match=said):
        divided(start, end)


def test_an_absent_end_is_what_it_is_by_default():
    found = buckets(asked("2026-11-01T00:00:00Z"), hour("2026-11-02T03:00:00+00:00"))
    assert found.end == hour("2026-11-02T03:00:00+00:00")


def test_the_longest_time_and_the_last_year_work():
    assert len(buckets(asked("2026-01-01T00:00:00Z", "2027-02-05T00:00:00Z", bucket="HOUR"), 0).starts) == 9_600
    assert divided("2999-12-31T00:00:00Z", "3000-01-01T00:00:00Z", bucket="MONTH", time_zone="Pacific/Auckland")
