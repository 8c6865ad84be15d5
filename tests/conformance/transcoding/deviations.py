"""Where the REST door and Envoy differ, and why: the whole of it. A case that differs no more has to leave it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """What differs, by the names of Outcome's parts, and Envoy's status; the REST door's is in the case."""

    reason: str
    differs: str
    envoy: int
    cases: str


REFUSAL = "content_type value error"
"""What differs where both doors refuse a request: a google.rpc.Status, with the field by name, beside Envoy's text."""

_TAKEN = "request status value error"
"""What differs where only Envoy takes a request."""

_MADE = "request status content_type value"
"""What differs where only the REST door takes a request."""

_PATHS = [
    Deviation("a path ends where its template does, a slash more is another path", _TAKEN, 200, "path-trailing-slash"),
    Deviation("'**' takes all segments, an empty last one too", "request value", 200, "path-rest-trailing-slash"),
    Deviation("the path says which resource is meant, so no parameter goes over it", "request value", 200,
        "path-over-query"),
    Deviation("a path without this method is 405 with Allow", "status content_type value error", 404,
        "path-wrong-method path-wrong-method-literal"),
    Deviation("HEAD is served where GET is", "request status content_type framing value", 404, "path-head"),
    Deviation("OPTIONS tells the methods of a path", "status content_type", 404, "path-options"),
    Deviation("TRACE is served nowhere", "status content_type value error", 404, "path-trace"),
]  # fmt: skip

_URLS = [
    Deviation("an escape that is none is refused, not passed on", _TAKEN, 200,
        "path-broken-escape path-cut-escape query-broken-escape"),
    Deviation("what is not UTF-8 is refused at the door; Envoy leaves it to the server", "value", 400,
        "path-not-utf8 path-overlong-utf8 query-not-utf8"),
    Deviation("a singular parameter is given once", _TAKEN, 200, "query-twice query-twice-two-names query-twice-same"),
    Deviation("a parameter without a name is unknown", _TAKEN, 200, "query-unknown-nothing"),
    Deviation("a boolean is true or false, 1 or 0", _TAKEN, 200, "query-bool-text"),
    Deviation("an enum is open, in URLs as in JSON", _MADE, 400, "query-enum-unknown-number"),
    Deviation("a map's entry is labels[a]=b", _MADE, 400,
        "query-map query-map-encoded query-map-number query-map-flag query-map-enum query-map-nested"),
    Deviation("a map's entry is no message", _TAKEN, 200, "query-map-entry"),
    Deviation("repeated messages are no parameters: which element is meant is not said", _TAKEN, 200,
        "query-below-repeated"),
    Deviation("a Value's kind cannot be told from text", _TAKEN, 200, "known-query-value"),
    Deviation("what JSON writes as one value has no parts in a URL either", _TAKEN, 200,
        "known-query-time-seconds known-query-value-nan"),
    Deviation("the same; Envoy lets it in, and fails where it comes back",
        "request status content_type value error", 502,
        "known-query-time-beyond known-query-span-signs"),
    Deviation("a mask that JSON cannot say is refused", _TAKEN, 200, "known-query-mask-double"),
]  # fmt: skip

_BODIES = [
    Deviation("a body of '*' takes all fields, so there are no parameters", "request value", 200,
        "body-all-leaves-query"),
    Deviation("the same: and so none that is unknown", _MADE, 400, "body-all-leaves-unknown-query"),
    Deviation("what the body holds no parameter does", _TAKEN, 200, "body-field-in-query raw-field-in-query"),
    Deviation("an unknown field is refused and named", _TAKEN, 200,
        "body-unknown body-unknown-nested known-any-unknown-field known-empty-with-field"),
    Deviation("JSON's kinds are not mixed up", _TAKEN, 200,
        "body-text-for-bool body-value-for-array known-wrapper-object"),
    Deviation("null is no element (proto3 JSON)", _TAKEN, 200, "body-null-in-array body-null-in-map"),
    Deviation("one field twice is ambiguous", _TAKEN, 200, "body-duplicate-key body-same-field-two-names"),
    Deviation("JSON is what RFC 8259 says", _TAKEN, 200, "body-trailing-comma body-single-quotes body-unquoted-key"),
    Deviation("nesting has a limit of 64", _TAKEN, 200, "body-nested-65"),
    Deviation("a time has no leap second (google.protobuf.Timestamp)", _TAKEN, 200, "known-time-leap-second"),
    Deviation("a mask in JSON has JSON names", _TAKEN, 200, "known-mask-proto-names"),
    Deviation("a request stream is an array, or values one after another, of which there may be none", _MADE, 400,
        "gather-nothing gather-values gather-lines"),
    Deviation("a body that says that it is not JSON is 415", _TAKEN, 200, "body-media-type"),
]  # fmt: skip

_HEADS = [
    Deviation("a client gets no form that it does not take", _TAKEN, 200, "accept-other accept-not-json"),
    Deviation("a condition that cannot be judged is not passed over", _TAKEN, 200,
        "condition-without-etag condition-unreadable"),
    Deviation("a line of the head has 8 KiB; Envoy has 60 for all", _TAKEN, 200, "head-long-target head-long-field"),
]  # fmt: skip

_ANSWERS = [
    Deviation("Envoy has no response_body other than an HttpBody", _MADE, 404,
        "body-answer-kinds body-answer-names body-answer-labels body-answer-count body-answer-time body-answer-note "
        "body-answer-value body-answer-many"),
    Deviation("the same, streamed", "request status content_type framing value", 404, "stream-leaves"),
    Deviation("an additional binding has a response_body of its own", "content_type value", 200, "raw-field-back"),
    Deviation("an HttpBody inside a JSON body is JSON, too", "request value", 200, "raw-inside-json"),
    Deviation("messages that are not set are printed as null", "value", 200, "zeros-all zeros-nested zeros-path"),
    Deviation("details are printed as short as ever", "error", 404, "zeros-scalars-only"),
    Deviation("a reason knows better than its code", "status", 429, "error-reason-body_too_large"),
    Deviation("the same", "status", 400, "error-reason-media_type_unsupported error-reason-model_unusable"),
    Deviation("the same", "status", 501, "error-reason-method_not_allowed"),
    Deviation("the same", "status", 504, "error-reason-request_timeout"),
    Deviation("the same", "status", 503, "error-reason-upstream_failed"),
]  # fmt: skip

_STREAMS = [
    Deviation('a stream is NDJSON of {"result":…}', "content_type framing", 200,
        "stream-none stream-one stream-three"),
    Deviation("the same beside Envoy's lines", "content_type framing", 200,
        "stream-lines-none stream-lines-one stream-lines-three stream-lines-newline-inside stream-posted "
        "stream-trailers"),
    Deviation('an error within a stream is its last line, {"error":…}; Envoy drops it',
        "content_type framing value error", 200, "stream-error-within stream-error-within-lines"),
    Deviation("the same as an event", "value error", 200, "stream-error-within-events"),
    Deviation("an error before the first message has its status; over gRPC the head is out by then",
        "status value error", 200, "stream-error-first stream-error-first-lines"),
    Deviation("the same, and is no event", "status content_type value error", 200, "stream-error-first-events"),
    Deviation("a stream of no HttpBody has no content type", "content_type framing value", 200, "raw-stream-none"),
    Deviation("raw bytes have no words for an error: the connection is cut", "value", 200, "raw-stream-error-within"),
]  # fmt: skip

DEVIATIONS = [*_PATHS, *_URLS, *_BODIES, *_HEADS, *_ANSWERS, *_STREAMS]

BY_CASE = {case: deviation for deviation in DEVIATIONS for case in deviation.cases.split()}
