"""What the comment of google.api.HttpRule says without an example, and the cases that hold the door to it."""

from __future__ import annotations

SENTENCES = {
    "as long as each field is a non-repeated field with a primitive (non-message) type.": (
        "path-number path-number-bool path-number-enum path-number-blob path-number-wide path-nested"
    ),
    "automatically become HTTP query parameters if there is no HTTP request body.": "path-and-query query-int32",
    "In the case of a repeated type, the parameter can be repeated in the URL as `...?param=A&param=B`.": (
        "query-repeated query-repeated-strings query-repeated-enums query-repeated-bytes query-repeated-reals"
    ),
    "each field of the message is mapped to a separate parameter, such as `...?foo.a=A&foo.b=B&foo.c=C`.": (
        "query-nested query-nested-deep query-nested-repeated"
    ),
    "the representation of the JSON in the request body is determined by protos JSON encoding:": (
        "body-field body-field-and-query body-field-empty"
    ),
    "every field not bound by the path template should be mapped to the request body.": (
        "body-all-and-path body-all-path-wins"
    ),
    "it is not possible to have HTTP parameters, as all fields not bound by the path end in the body.": (
        "body-all-leaves-query body-all-leaves-unknown-query"
    ),
    "All other fields are passed via the URL query parameters, and the parameter name is the field path": (
        "body-field-and-query body-field-in-query raw-field-and-query"
    ),
    "is omitted, there is no HTTP request body, all fields are passed via URL path and URL query parameters.": (
        "body-none-on-get"
    ),
    "The syntax `*` matches a single URL path segment.": "path-anonymous-wildcard path-too-long path-empty-segment",
    "The syntax `**` matches zero or more URL path segments": "path-rest-none path-rest-one path-rest-three",
    "which must be the last part of the URL path except the `Verb`.": "path-verb-rest",
    "its template may be omitted, e.g. `{var}` is equivalent to `{var=*}`.": "path-single path-two-variables",
    "If the `LITERAL` contains any reserved character, such characters should be percent-encoded": (
        "path-encoded-literal"
    ),
    "all characters except `[-_.~0-9a-zA-Z]` are percent-encoded. The server side does the reverse decoding.": (
        "path-single-decodes-slash path-single-decodes-slash-lower path-single-decodes-percent "
        "path-single-decodes-utf8 path-single-decodes-question path-single-decodes-hash path-single-decodes-once"
    ),
    'The server side does the reverse decoding, except "%2F" and "%2f" are left unchanged.': (
        "path-multi-keeps-slash path-multi-keeps-slash-lower path-multi-decodes-space path-multi-decodes-percent "
        "path-rest-keeps-slash path-rest-decodes"
    ),
    "get: /v1/messages/{message_id}/{sub.subfield}": "path-nested path-two-variables",
    "the proto to JSON conversion must follow the [proto3 specification]": "body-numbers-as-text known-any known-time",
    "all path variables must share the same behavior.": "path-rest-under path-rest-none",
    "it can map the request or response body to a repeated field.": (
        "body-field-strings body-field-messages body-answer-names body-answer-many"
    ),
}

REFUSED_AT_START = {
    "The path variables **must not** refer to any repeated or mapped field": 'get: "/v1/{names}"',
    "each field is a non-repeated field with a primitive (non-message) type.": 'get: "/v1/{sub}"',
    "A variable template must not contain other variables.": 'get: "/v1/{name={sub.text}}"',
    "zero or more URL path segments, which must be the last part of the URL path": 'get: "/v1/{name=**}/more"',
    'Template = "/" Segments [ Verb ] ;': 'get: "v1/messages"',
}
