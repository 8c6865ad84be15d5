"""What schemathesis has to know of Tollway; it loads this file by SCHEMATHESIS_HOOKS.

All its checks are on. What it takes for a fault and is none, since no schema has words for it, is in the tables here,
each with its reason.
"""

from __future__ import annotations

import json
import os
from typing import Any

import schemathesis

PROVIDER = os.environ["TESTS_PROVIDER"]
"""The base URL of a provider on this machine: no call may leave it."""

PUBLIC = ("https://api.openai.com/v1",)
"""The base URLs of the document's examples."""

STATE = {
    "RESOURCE_IN_USE": "others own or use the resource",
    "REFERENCE_NOT_FOUND": "another resource has to be there",
    "PAGE_TOKEN_INVALID": "a page token is one that a listing gave",
    "FILTER_INVALID": "a filter has a grammar, AIP-160",
    "ETAG_MISMATCH": "the etag of the moment is the server's",
    "PRECONDITION_UNSUPPORTED": "a method compares one etag, and a list of them is one in HTTP",
    "TARGET_TOO_LONG": "a URL has room for so much",
    "HEADERS_TOO_LARGE": "a header has room for so much",
    "EGRESS_DENIED": "an address is judged when it is looked up",
    "FEATURE_UNSUPPORTED": "not every provider has what a request asks for",
    "UPSTREAM_REJECTED": "a provider has rules of its own",
    "PERIOD_NOT_OPEN": "a month can be closed when it is over",
}
"""Reasons for which a request may be refused that fits its schema."""

MEANING = {
    "etag": "an etag is one that the resource shows",
    "updateMask": "a mask names fields that can be changed",
    "mediaType": "is needed for bytes, not for a URL",
    "overlap": "a key has five secrets at most",
    "expireTime": "is in the future",
    "dialect": "is one that the gateway knows",
    "baseUrl": "is a URL, and of a host that a gateway may call",
    "apiKey": "has no spaces or line ends",
    "publicName": "is one that can stand in a JSON string of a caller",
    "connect": "a duration has bounds",
    "firstByte": "a duration has bounds",
    "idle": "a duration has bounds",
    "total": "a duration has bounds",
    "seed": "is a number of 64 bits; a pattern counts digits alone",
    "window": "a duration has bounds",
    "rollingWindow": "a duration has bounds, and belongs to one kind of window",
    "limit": "is the limit of some units, and of others not",
    "costLimit": "is the limit of some units, and of others not",
    "maxUnits": "is the limit of some units, and of others not",
    "amount": "is the increase of some units, and of others not",
    "units": "is the increase of some units, and of others not",
    "increases": "add up to a limit that has a bound",
    "currencyCode": "is USD",
    "nanos": "is the part behind the point",
    "burst": "belongs to one algorithm",
    "timeZone": "is one of the database, and belongs to calendar windows",
    "onExceeded": "fits what the limit is about",
    "downgradeModel": "belongs to one action",
    "access": "sets a condition",
    "keyGroup": "is an id or a star",
    "tier": "is an id or a star",
    "provider": "is an id or a star",
    "ip": "is a network or a star",
    "ipAddress": "is an address",
    "method": "is one of the Proxy API",
    "header": "is none that holds a credential",
    "user": "says where it stands",
    "startTime": "is a whole hour, or before another time",
    "endTime": "is a whole hour, or after another time",
    "tiers": "end with one that is open",
}
"""Fields that have rules beyond their schema, by the last part of their path."""

RULES = (
    "If-Match is neither",
    "exactly one field is required",
    "has no content",
    "is the same provider and model as",
    "must be a JSON object",
    "must be UTF-8",
    "must have content, url or fileId",
    "only one may be given",
    "needs one of rateLimit, concurrency, budget and access",
    "is no method of the Proxy API",
    "is no policy of the tenant",
    "is that of rules",
    "has the metric and model of",
    "dollars",
)
"""What is said of rules for several fields, of money, of JSON as text, and of a header whose pattern is not kept to."""

NOWHERE = {"TRACE", "QUERY"}
"""HTTP methods that no path takes."""

PASSED_OVER = ("Invalid enum value", "allowed by maxProperties")
"""What the proxy port leaves unread, as newer SDKs know newer values, fields and parameters."""

TWO_FORMS = (
    *(f"{name}: Incorrect type" for name in ("effort", "role", "mode", "duration", "seed", "format")),
    "`format` in query - incorrect type",
)
"""An enum may be its number, and 64 bits may be a number (protobuf.dev, ProtoJSON)."""

OWN_FORMAT = {"OpenAIService", "AnthropicService"}
"""Services whose bodies are others' formats, of which the document shows an example and no schema."""


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """The Admin API refuses unknown fields. Its document leaves room for them: answers may have new ones one day."""
    if "Admin" in raw_schema["info"]["title"]:
        _close(raw_schema)


def _close(part: Any) -> None:
    if isinstance(part, dict):
        if part.get("type") == "object" and "properties" in part and "@type" not in part["properties"]:
            part["additionalProperties"] = False
        for each in part.values():
            _close(each)
    elif isinstance(part, list):
        for each in part:
            _close(each)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Every provider is the one on this machine."""
    if isinstance(case.body, dict) and str(case.body.get("baseUrl")) in PUBLIC:
        case.body = {**case.body, "baseUrl": PROVIDER}


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether it is one."""
    kind = type(failure).__name__
    if kind == "RejectedPositiveData":
        return not _is_beyond_the_schema(case, response)
    if kind == "AcceptedNegativeData" and 400 <= response.status_code < 500:
        return False  # 412, 413, 414 and 431 refuse, too.
    if kind == "AcceptedNegativeData":
        return not (
            _is_protobuf_json(case)
            or _is_masked(case)
            or any(each in failure.message for each in PASSED_OVER + TWO_FORMS)
        )
    # A method that no path takes is a 501 (RFC 9110, section 9.1).
    if response.status_code == 501 and case.method in NOWHERE:
        return False
    # With `**` or `*` a template takes `name:verb` for a name, too (google/api/http.proto): a GET of that is a GET.
    return not (kind == "AllowHeaderMismatch" and ":" in case.operation.path.rpartition("/")[2])


def _is_beyond_the_schema(case: Any, response: Any) -> bool:
    if OWN_FORMAT.intersection(case.operation.tags or []):
        return True
    error = json.loads(response.content)
    (info, *_) = error["details"]
    field = info.get("metadata", {}).get("field", "").rpartition(".")[2]
    return info["reason"] in STATE or field in MEANING or any(rule in error["message"] for rule in RULES)


def _is_protobuf_json(case: Any) -> bool:
    """A null is an unset field of any type, and a number may be a string (protobuf.dev, ProtoJSON)."""
    return _holds(case.body, lambda value: value is None or _is_number(value))


def _is_masked(case: Any) -> bool:
    """What a mask does not name is not read (AIP-134)."""
    return case.method == "PATCH" and "updateMask" in (case.query or {})


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, str) and float(value) is not None
    except ValueError:
        return False


def _holds(value: Any, wanted: Any) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return wanted(value) or any(_holds(part, wanted) for part in parts)
