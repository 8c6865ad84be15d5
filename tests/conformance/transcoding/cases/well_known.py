"""The well-known types in bodies and queries, and zero values in answers."""

from __future__ import annotations

from tests.conformance.transcoding.case import Case, refused


def post(id_: str, body: str, makes: str, **more) -> Case:
    return Case(f"known-{id_}", "POST /v1/kinds", "Ask", makes, body, **more)


def no(id_: str, body: str, field: str) -> Case:
    return refused(f"known-{id_}", "POST /v1/kinds", field, body=body)


def ask(id_: str, query: str, makes: str) -> Case:
    return Case(f"known-query-{id_}", f"GET /v1/kinds?{query}", "Ask", makes)


def zeros(id_: str, body: str, makes: str) -> Case:
    return Case(f"zeros-{id_}", "POST /v1/kinds", "Ask", makes, body, at="zeros")


_ANY = "type.googleapis.com/transcoding.kinds.v1.Leaf"
_ANY_TIME = "type.googleapis.com/google.protobuf.Timestamp"

_BODIES = [
    post("time", '{"time":"2026-01-31T09:00:00.5Z"}', "time {seconds: 1769850000 nanos: 500000000}"),
    post("time-offset", '{"time":"2026-01-31T11:00:00+02:00"}', "time {seconds: 1769850000}"),
    post("time-nanos", '{"time":"1970-01-01T00:00:00.000000001Z"}', "time {nanos: 1}"),
    post("time-before-epoch", '{"time":"0001-01-01T00:00:00Z"}', "time {seconds: -62135596800}"),
    post("span", '{"span":"1.5s"}', "span {seconds: 1 nanos: 500000000}"),
    post("span-negative", '{"span":"-0.5s"}', "span {nanos: -500000000}"),
    post("mask", '{"mask":"displayName,leaf.id"}', 'mask {paths: "display_name" paths: "leaf.id"}'),
    post("mask-empty", '{"mask":""}', "mask {}"),
    post(
        "struct",
        '{"structure":{"a":1,"b":[true,null]}}',
        'structure {fields {key: "a" value {number_value: 1}} fields {key: "b" value {list_value {values '
        "{bool_value: true} values {null_value: NULL_VALUE}}}}}",
    ),
    post("value-text", '{"value":"a"}', 'value {string_value: "a"}'),
    post("value-null", '{"value":null}', "value {null_value: NULL_VALUE}"),
    post("values", '{"values":[1,null]}', "values {number_value: 1} values {null_value: NULL_VALUE}"),
    post(
        "list",
        '{"list":[1,"a",{}]}',
        'list {values {number_value: 1} values {string_value: "a"} values {struct_value {}}}',
    ),
    post("empty", '{"empty":{}}', "empty {}"),
    post("any", f'{{"any":{{"@type":"{_ANY}","id":"a"}}}}', f'any {{[{_ANY}] {{id: "a"}}}}'),
    post("any-type-last", f'{{"any":{{"id":"a","@type":"{_ANY}"}}}}', f'any {{[{_ANY}] {{id: "a"}}}}'),
    post(
        "any-time",
        f'{{"any":{{"@type":"{_ANY_TIME}","value":"1970-01-01T00:00:01Z"}}}}',
        f"any {{[{_ANY_TIME}] {{seconds: 1}}}}",
    ),
    post("any-empty", '{"any":{}}', "any {}"),
    post(
        "wrappers",
        '{"wrappedDouble":1.5,"wrappedInt64":"7","wrappedUint32":3,"wrappedBool":false}',
        "wrapped_double {value: 1.5} wrapped_int64 {value: 7} wrapped_uint32 {value: 3} wrapped_bool {}",
    ),
    post(
        "wrappers-text", '{"wrappedString":"","wrappedBytes":"aGk="}', 'wrapped_string {} wrapped_bytes {value: "hi"}'
    ),
    post("wrapper-null", '{"wrappedString":null}', ""),
    post("null-value", '{"null":null}', ""),
    no("time-text", '{"time":"yesterday"}', "time"),
    no("time-without-zone", '{"time":"2026-01-31T09:00:00"}', "time"),
    no("time-lower-case", '{"time":"2026-01-31t09:00:00z"}', "time"),
    no("time-year-10000", '{"time":"10000-01-01T00:00:00Z"}', "time"),
    no("time-number", '{"time":5}', "time"),
    no("span-text", '{"span":"1.5"}', "span"),
    no("span-too-long", '{"span":"315576000001s"}', "span"),
    no("time-leap-second", '{"time":"2026-01-31T09:00:60Z"}', "time"),
    no("time-beyond-nanos", '{"time":"2026-01-31T09:00:00.1234567891Z"}', "time"),
    no("span-beyond-nanos", '{"span":"1.1234567891s"}', "span"),
    no("mask-proto-names", '{"mask":"display_name"}', "mask"),
    no("any-unknown-field", f'{{"any":{{"@type":"{_ANY}","nope":1}}}}', "any"),
    no("wrapper-object", '{"wrappedInt32":{"value":1}}', "wrappedInt32"),
    no("struct-array", '{"structure":[]}', "structure"),
    no("any-unknown", '{"any":{"@type":"type.googleapis.com/nope.Nope"}}', "any"),
    no("any-without-type", '{"any":{"id":"a"}}', "any"),
    no("wrapper-text", '{"wrappedInt32":"x"}', "wrappedInt32"),
    no("empty-with-field", '{"empty":{"a":1}}', "empty.a"),
]

_QUERIES = [
    ask("time", "time=2026-01-31T09:00:00Z", "time {seconds: 1769850000}"),
    ask("time-offset", "time=2026-01-31T11:00:00%2B02:00", "time {seconds: 1769850000}"),
    ask("span", "span=1.5s", "span {seconds: 1 nanos: 500000000}"),
    ask("mask", "mask=displayName,leaf.id", 'mask {paths: "display_name" paths: "leaf.id"}'),
    ask("mask-proto-names", "mask=display_name", 'mask {paths: "display_name"}'),
    ask("wrapped-string", "wrapped_string=", "wrapped_string {}"),
    ask("wrapped-int64", "wrapped_int64=7", "wrapped_int64 {value: 7}"),
    ask("wrapped-bool", "wrapped_bool=false", "wrapped_bool {}"),
    ask("wrapped-bytes", "wrapped_bytes=aGk", 'wrapped_bytes {value: "hi"}'),
    refused("known-query-time-text", "GET /v1/kinds?time=today", "time"),
    refused("known-query-mask-double", "GET /v1/kinds?mask=a__b", "mask"),
    refused("known-query-time-seconds", "GET /v1/kinds?time.seconds=5", "time.seconds"),
    refused("known-query-time-beyond", "GET /v1/kinds?time.seconds=999999999999999", "time.seconds"),
    refused("known-query-span-signs", "GET /v1/kinds?span.seconds=9&span.nanos=-5", "span.seconds"),
    refused("known-query-any-parts", "GET /v1/kinds?any.type_url=x", "any.type_url"),
    refused("known-query-value-nan", "GET /v1/kinds?value.number_value=NaN", "value.number_value"),
    ask("wrapped-part", "wrapped_int32.value=5", "wrapped_int32 {value: 5}"),
    refused("known-query-span-text", "GET /v1/kinds?span=5", "span"),
    refused("known-query-struct", "GET /v1/kinds?structure=a", "structure"),
    refused("known-query-struct-entry", "GET /v1/kinds?structure.a=b", "structure.a"),
    refused("known-query-value", "GET /v1/kinds?value=a", "value"),
    refused("known-query-wrapper-text", "GET /v1/kinds?wrapped_int32=x", "wrappedInt32"),
    refused("known-query-any", "GET /v1/kinds?any=a", "any"),
]

_ZEROS = [
    zeros("all", "{}", ""),
    zeros("nested", '{"leaf":{}}', "leaf {}"),
    Case("zeros-path", "GET /v1/one/a", "Go", 'name: "a"', at="zeros"),
    Case("zeros-scalars-only", "POST /v1/failures", "Fail", "code: 5", '{"code":5}', at="zeros", status=404),
]

CASES = [*_BODIES, *_QUERIES, *_ZEROS]
