"""Path templates: variables, wildcards, verbs, and what is percent-encoded."""

from __future__ import annotations

from tests.conformance.transcoding.case import Case, refused


def go(id_: str, target: str, makes: str, method: str = "GET", **more) -> Case:
    return Case(f"path-{id_}", f"{method} {target}", "Go", makes, **more)


_VARIABLES = [
    go("single", "/v1/one/a", 'name: "a"'),
    go("single-colon", "/v1/one/a:b", 'name: "a:b"'),
    go("single-dots", "/v1/one/a.b-c_d~e", 'name: "a.b-c_d~e"'),
    go("single-sub-delims", "/v1/one/!$&'()*+,;=@", 'name: "!$&\'()*+,;=@"'),
    go("single-decodes-space", "/v1/one/a%20b", 'name: "a b"'),
    go("single-decodes-slash", "/v1/one/a%2Fb", 'name: "a/b"'),
    go("single-decodes-slash-lower", "/v1/one/a%2fb", 'name: "a/b"'),
    go("single-decodes-percent", "/v1/one/a%25b", 'name: "a%b"'),
    go("single-decodes-once", "/v1/one/a%252Fb", 'name: "a%2Fb"'),
    go("single-decodes-question", "/v1/one/a%3Fb", 'name: "a?b"'),
    go("single-decodes-hash", "/v1/one/a%23b", 'name: "a#b"'),
    go("single-decodes-utf8", "/v1/one/%C3%A9%F0%9F%8D%89", 'name: "é🍉"'),
    go("single-decodes-unreserved", "/v1/one/%61%2D%7E", 'name: "a-~"'),
    go("single-plus-is-plus", "/v1/one/a+b", 'name: "a+b"'),
    go("single-decodes-colon", "/v1/one/a%3Ab", 'name: "a:b"'),
    refused("path-broken-escape", "GET /v1/one/a%zz"),
    refused("path-cut-escape", "GET /v1/one/a%2"),
    refused("path-not-utf8", "GET /v1/one/%ff"),
    refused("path-overlong-utf8", "GET /v1/one/%c0%af"),
    refused("path-empty-segment", "GET /v1/one/", status=404),
    refused("path-trailing-slash", "GET /v1/one/a/", status=404),
    refused("path-too-long", "GET /v1/one/a/b", status=404),
    refused("path-double-slash", "GET /v1//one/a", status=404),
    refused("path-upper-case-literal", "GET /V1/one/a", status=404),
    refused("path-root", "GET /", status=404),
    refused("path-unknown", "GET /v2/nothing?a=b", status=404),
    go("multi", "/v1/shelves/1", 'name: "shelves/1"'),
    go("multi-keeps-slash", "/v1/shelves/a%2Fb", 'name: "shelves/a%2Fb"'),
    go("multi-keeps-slash-lower", "/v1/shelves/a%2fb", 'name: "shelves/a%2fb"'),
    go("multi-decodes-space", "/v1/shelves/a%20b", 'name: "shelves/a b"'),
    go("multi-decodes-colon", "/v1/shelves/a%3Ab", 'name: "shelves/a:b"'),
    go("multi-decodes-percent", "/v1/shelves/a%25b", 'name: "shelves/a%b"'),
    go("multi-keeps-what-looks-like-slash", "/v1/shelves/a%252Fb", 'name: "shelves/a%2Fb"'),
    go("multi-two", "/v1/shelves/1/books/2", 'name: "shelves/1/books/2"'),
    go("multi-two-encoded", "/v1/shelves/%41/books/%42%2F", 'name: "shelves/A/books/B%2F"'),
    go("two-variables", "/v1/shelves/a/pages/7", 'name: "a" number: 7'),
    go("literal-before-wildcard", "/v1/shelves/top", ""),
    go("anonymous-wildcard", "/v1/any/x/a", 'name: "a"'),
    go("encoded-literal", "/v1/a%20b/c", 'name: "c"'),
    refused("path-encoded-literal-plain", "GET /v1/%6fne/a", status=404),
]

_REST = [
    go("rest-one", "/v1/files/a", 'rest: "a"'),
    go("rest-three", "/v1/files/a/b/c", 'rest: "a/b/c"'),
    go("rest-none", "/v1/files", ""),
    go("rest-slash", "/v1/files/", ""),
    go("rest-trailing-slash", "/v1/files/a/", 'rest: "a/"'),
    go("rest-empty-inside", "/v1/files/a//b", 'rest: "a//b"'),
    go("rest-keeps-slash", "/v1/files/a%2Fb/c%2fd", 'rest: "a%2Fb/c%2fd"'),
    go("rest-decodes", "/v1/files/a%20b/%C3%A9", 'rest: "a b/é"'),
    go("rest-dots", "/v1/files/a/../b", 'rest: "a/../b"'),
    go("rest-under", "/v1/under/dir/a/b", 'rest: "dir/a/b"'),
    go("rest-under-none", "/v1/under/dir", 'rest: "dir"'),
    go("rest-colon", "/v1/files/a:b", 'rest: "a:b"'),
]

_VERBS = [
    go("verb", "/v1/shelves/1/books/2:read", 'name: "shelves/1/books/2"'),
    go("verb-rest", "/v1/files/a/b:stat", 'rest: "a/b"'),
    go("verb-behind-colon", "/v1/shelves/1/books/a:b:read", 'name: "shelves/1/books/a:b"'),
    go("verb-unknown-is-text", "/v1/shelves/1/books/2:write", 'name: "shelves/1/books/2:write"'),
    go("verb-encoded-is-text", "/v1/shelves/1/books/2%3Aread", 'name: "shelves/1/books/2:read"'),
]

_FIELDS = [
    go("nested", "/v1/inner/a/b", 'inner {id: "a" inner {id: "b"}}'),
    go("number", "/v1/number/-7", "number: -7"),
    go("number-bool", "/v1/flag/true", "flag: true"),
    go("number-enum", "/v1/color/COLOR_RED", "color: COLOR_RED"),
    go("number-enum-number", "/v1/color/2", "color: COLOR_DEEP_BLUE"),
    go("number-blob", "/v1/blob/aGk_", r'blob: "hi?"'),
    go("number-wide", "/v1/wide/9223372036854775807", "wide: 9223372036854775807"),
    go("number-wrapper", "/v1/maybe/a%20b", 'maybe {value: "a b"}'),
    refused("path-number-text", "GET /v1/number/x", "number"),
    refused("path-number-too-large", "GET /v1/number/2147483648", "number"),
    refused("path-number-fraction", "GET /v1/number/1.5", "number"),
    refused("path-flag-text", "GET /v1/flag/maybe", "flag"),
    refused("path-color-text", "GET /v1/color/COLOR_NONE", "color"),
    go("and-query", "/v1/one/a?number=3&flag=true", 'name: "a" number: 3 flag: true'),
    go("over-query", "/v1/one/a?name=b", 'name: "a"'),
]

_METHODS = [
    go("delete", "/v1/shelves/1", 'name: "shelves/1"', "DELETE"),
    go("custom-method", "/v1/shelves/1", 'name: "shelves/1"', "PURGE"),
    go("any-method-get", "/v1/whatever/a", 'name: "a"'),
    go("any-method-registered", "/v1/whatever/a", 'name: "a"', "PROPFIND"),
    refused("path-any-method-unregistered", "BREW /v1/whatever/a"),
    refused("path-wrong-method", "POST /v1/shelves/1", status=405, body="{}"),
    refused("path-wrong-method-literal", "DELETE /v1/kinds", status=405),
    Case("path-head", "HEAD /v1/kinds?stringValue=a", "Ask", 'string_value: "a"'),
    refused("path-options", "OPTIONS /v1/kinds", status=204),
    refused("path-trace", "TRACE /v1/kinds", status=405),
]

CASES = [*_VARIABLES, *_REST, *_VERBS, *_FIELDS, *_METHODS]
