"""What somebody new to the Admin API gets wrong over REST: each answer says what to do."""

from __future__ import annotations

import json
from urllib.request import Request

import pytest

from tests.running.gateway import ADMIN_KEY, send

LIMIT = {"unit": "REQUESTS", "limit": 5, "window": "60s"}


@pytest.fixture(scope="module")
def acme(gateway):
    return gateway.admin().tenant().name


def told(gateway, method: str, path: str, body=None, *, status: int = 400) -> str:
    """The message of the refusal."""
    return gateway.admin()(method, path, body, status=status)["message"]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            {"rateLimit": LIMIT | {"unit": "TOKENS"}},
            (
                "policy.rateLimit.unit: has to be one of REQUESTS, INPUT_TOKENS, OUTPUT_TOKENS, TOTAL_TOKENS, COST, "
                "CALLS_UNDER_WAY"
            ),
        ),
        (
            {"budget": {"unit": "COST", "window": "MONTH"}},
            (
                "policy.budget.window: has to be one of CALENDAR_DAY, CALENDAR_WEEK, CALENDAR_MONTH, CALENDAR_QUARTER, "
                "CALENDAR_YEAR, ROLLING"
            ),
        ),
        (
            {"budget": {"unit": "COST", "limit": 10}},
            "policy.budget.limit: has to be an object with currencyCode, units, nanos",
        ),
        (
            {"budget": {"unit": "COST", "limit": {"currencyCode": "USD", "units": "10.50"}}},
            "policy.budget.limit.units: takes whole numbers only, of 64 bits",
        ),
        (
            {"rateLimit": LIMIT | {"onExceeded": "REJECT"}},
            "policy.rateLimit.onExceeded: has to be an object with action, downgradeModel",
        ),
        (
            {"rateLimit": LIMIT, "subject": {"user": "ann"}},
            "policy.subject.user: has to be an object with header, value",
        ),
    ],
)
def test_a_value_of_another_kind(gateway, acme, policy, message):
    assert told(gateway, "POST", f"/v1/{acme}/policies?policy_id=rpm", policy) == message


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("usage:query?bucket=WEEK", "bucket: has to be one of HOUR, DAY, MONTH, TOTAL"),
        ("ledger:export?format=XLSX", "format: has to be one of JSON_LINES, CSV, PARQUET"),
    ],
)
def test_a_name_that_a_parameter_does_not_have(gateway, acme, query, message):
    assert told(gateway, "GET", f"/v1/{acme}/{query}") == message


def test_a_body_that_is_no_json(gateway, acme):
    url = f"{gateway.url('admin_http')}/v1/{acme}/policies?policy_id=rpm"
    headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"}
    status, answer = send(Request(url, b"{\n  'displayName': 'Emma'\n}", headers))
    assert (status, json.loads(answer)["message"]) == (
        400,
        "The body is not valid JSON at line 2, column 3: a name in double quotes has to come here.",
    )


AN_ID = "lower-case letters, digits and hyphens, 63 at most, beginning with a letter and ending with a letter or digit"


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("policies", {}, "policyId: is required; over REST it is the query parameter policyId"),
        ("policies?policy_id=RPM", {}, f"policyId: has to be {AN_ID}"),
        ("apiKeys?api_key_id=app", {"groups": ["a b"]}, f"apiKey.groups[0]: has to be {AN_ID}"),
        (
            "policies?policy_id=hours",
            {"access": {"allowedTimes": [{"start": "8am"}]}},
            "policy.access.allowedTimes[0].start: has to be HH:MM, such as 08:00, or empty",
        ),
    ],
)
def test_a_text_of_another_form(gateway, acme, path, body, message):
    assert told(gateway, "POST", f"/v1/{acme}/{path}", body) == message


def test_a_resource_that_is_missing_or_there_already(gateway, acme):
    missing = "tenants/acm does not exist."
    assert told(gateway, "GET", "/v1/tenants/acm", status=404) == missing
    assert told(gateway, "GET", "/v1/tenants/acm/policies", status=404) == missing
    rule = {"concurrency": {"limit": 5}}
    assert told(gateway, "POST", "/v1/tenants/acm/policies?policy_id=rpm", rule, status=404) == missing
    assert told(gateway, "PATCH", f"/v1/{acme}/policies/rpm", {}, status=404) == f"{acme}/policies/rpm does not exist."
    tenant = told(gateway, "POST", f"/v1/tenants?tenant_id={acme.removeprefix('tenants/')}", {}, status=409)
    assert tenant == f"{acme} exists already; an update (PATCH) changes it."
    no_name = "No resource can have this name; ids are lower-case letters, digits and hyphens."
    assert told(gateway, "GET", "/v1/tenants/%3Cb%3E", status=404) == no_name


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("POST", "policies/rpm:s3cret", "There is no custom method of this name here, only inspect."),
        ("POST", "policies:dryrun", "There is no custom method of this name here, only dryRun, stream."),
        ("GET", "usage:get", "There is no custom method of this name here, only query, stream."),
        # Here the path could be that of a policy with a colon in its id.
        (
            "GET",
            "policies/rpm:s3cret",
            (
                "No resource can have this name; ids are lower-case letters, digits and hyphens. "
                "There is no custom method of this name here, only inspect."
            ),
        ),
    ],
)
def test_a_custom_method_that_does_not_exist(gateway, acme, method, path, message):
    assert told(gateway, method, f"/v1/{acme}/{path}", {} if method == "POST" else None, status=404) == message
