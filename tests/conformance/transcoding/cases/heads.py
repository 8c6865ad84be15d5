"""What a request's head asks for beside its target: forms, conditions, codings, and how much of it there is."""

from __future__ import annotations

from tests.conformance.transcoding.case import Case, refused

KINDS = "GET /v1/kinds"


def with_head(id_: str, *headers: str) -> Case:
    return Case(id_, KINDS, "Ask", headers=headers)


_FORMS = [
    with_head("accept-any", "accept: */*"),
    with_head("accept-json-last", "accept: text/html, application/json;q=0.1"),
    with_head("accept-unreadable", "accept: json"),
    refused("accept-other", KINDS, status=406, headers=("accept: text/html",)),
    refused("accept-not-json", KINDS, status=406, headers=("accept: application/json;q=0, */*",)),
]

_CONDITIONS = [
    with_head("condition-any", "if-match: *"),
    with_head("condition-none", 'if-none-match: "a"'),
    refused("condition-without-etag", KINDS, status=412, headers=('if-match: "a"',)),
    refused("condition-unreadable", KINDS, headers=("if-match: a",)),
]

_FRAMING = [
    refused("coding-unknown", "POST /v1/kinds", status=501, headers=("transfer-encoding: gzip, chunked",)),
    refused("head-long-target", f"{KINDS}?stringValue={'a' * 8190}", status=414),
    refused("head-long-field", KINDS, status=431, headers=(f"a: {'b' * 9000}",)),
    refused("head-many-fields", KINDS, status=431, headers=("a: b",) * 128),
]

CASES = [*_FORMS, *_CONDITIONS, *_FRAMING]
