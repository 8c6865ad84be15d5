"""JSON bodies: the whole message, one field of it, what the path and the query add, and what is refused."""

from __future__ import annotations

from tests.conformance.transcoding.case import Case, refused


def post(id_: str, body: str, makes: str, **more) -> Case:
    return Case(f"body-{id_}", "POST /v1/kinds", "Ask", makes, body, **more)


def no(id_: str, body: str | bytes, field: str = "", **more) -> Case:
    return refused(f"body-{id_}", "POST /v1/kinds", field, body=body, **more)


def put(id_: str, target: str, body: str, makes: str, method: str = "PUT") -> Case:
    return Case(f"body-{id_}", f"{method} /v1/{target}", "Put", makes, body)


def answer(field: str, body: str, makes: str) -> Case:
    return Case(f"body-answer-{field}", f"POST /v1/answers/{field}", "Answer", makes, body, answers=field)


_SCALARS = [
    post("empty-object", "{}", ""),
    post("empty", "", ""),
    post(
        "numbers",
        '{"int32Value":-5,"uint64Value":7,"doubleValue":1e3}',
        "int32_value: -5 uint64_value: 7 double_value: 1000",
    ),
    post(
        "numbers-as-text",
        '{"int32Value":"-5","int64Value":"9007199254740993"}',
        "int32_value: -5 int64_value: 9007199254740993",
    ),
    post("int-with-exponent", '{"int32Value":1e2}', "int32_value: 100"),
    post("int-with-zero-fraction", '{"int32Value":5.0}', "int32_value: 5"),
    post("largest-int64", '{"int64Value":9223372036854775807}', "int64_value: 9223372036854775807"),
    post("specials", '{"doubleValue":"NaN","floatValue":"-Infinity"}', "double_value: nan float_value: -inf"),
    post("float", '{"floatValue":0.1}', "float_value: 0.1"),
    post("bool", '{"boolValue":true,"maybeBool":false}', "bool_value: true maybe_bool: false"),
    post("string", r'{"stringValue":"é\u00e9\n\"\\\ud83c\udf49"}', r'string_value: "éé\n\"\\🍉"'),
    post("bytes", '{"bytesValue":"aGVsbG8="}', 'bytes_value: "hello"'),
    post("bytes-url-safe", '{"bytesValue":"-_-_"}', r'bytes_value: "\373\377\277"'),
    post("bytes-unpadded", '{"bytesValue":"aGVsbG8"}', 'bytes_value: "hello"'),
    post("enum", '{"color":"COLOR_RED","maybeColor":2}', "color: COLOR_RED maybe_color: COLOR_DEEP_BLUE"),
    post("enum-unknown-number", '{"color":77}', "color: 77"),
    post("enum-any-case", '{"color":"color_red"}', "color: COLOR_RED"),
    post("nulls", '{"int32Value":null,"leaf":null,"words":null,"labels":null}', ""),
    post("proto-names", '{"int32_value":5,"renamed":"a"}', 'int32_value: 5 renamed: "a"'),
    post("json-name", '{"alias":"a"}', 'renamed: "a"'),
    post("zeros-with-presence", '{"maybeInt32":0,"maybeString":""}', 'maybe_int32: 0 maybe_string: ""'),
    post("whitespace", ' \n{ "int32Value" :\t5 } ', "int32_value: 5"),
]

_SHAPES = [
    post("repeated", '{"numbers":[1,"2"],"words":["a",""]}', 'numbers: [1, 2] words: ["a", ""]'),
    post("repeated-messages", '{"leaves":[{"id":"a"},{}]}', 'leaves {id: "a"} leaves {}'),
    post(
        "map",
        '{"labels":{"a":"b"},"byNumber":{"-7":"c"}}',
        'labels {key: "a" value: "b"} by_number {key: -7 value: "c"}',
    ),
    post("map-flag", '{"byFlag":{"true":"1"}}', "by_flag {key: true value: 1}"),
    post("map-messages", '{"leafByName":{"a":{"size":1}}}', 'leaf_by_name {key: "a" value {size: 1}}'),
    post("map-enums", '{"shades":{"a":"COLOR_RED"}}', 'shades {key: "a" value: COLOR_RED}'),
    post("nested", '{"child":{"child":{"leaf":{"id":"a"}}}}', 'child {child {leaf {id: "a"}}}'),
    post("empty-message", '{"leaf":{}}', "leaf {}"),
    post("oneof", '{"choiceText":""}', 'choice_text: ""'),
    post("oneof-message", '{"choiceLeaf":{"id":"a"}}', 'choice_leaf {id: "a"}'),
    post("oneof-null", '{"choiceNull":null}', "choice_null: NULL_VALUE"),
    post("oneof-with-null-beside", '{"choiceText":"a","choiceNumber":null}', 'choice_text: "a"'),
    post("nested-40", '{"child":' * 40 + "{}" + "}" * 40, "child {" * 40 + "}" * 40),
]

_WRONG = [
    no("unknown", '{"nope":1}', "nope"),
    no("unknown-nested", '{"child":{"nope":1}}', "child.nope"),
    no("text-for-number", '{"int32Value":"x"}', "int32Value"),
    no("number-for-text", '{"stringValue":1}', "stringValue"),
    no("number-too-large", '{"int32Value":2147483648}', "int32Value"),
    no("fraction-for-int", '{"int32Value":1.5}', "int32Value"),
    no("negative-for-uint", '{"uint32Value":-1}', "uint32Value"),
    no("number-for-bool", '{"boolValue":1}', "boolValue"),
    no("text-for-bool", '{"boolValue":"true"}', "boolValue"),
    no("array-for-message", '{"leaf":[]}', "leaf"),
    no("object-for-array", '{"numbers":{}}', "numbers"),
    no("value-for-array", '{"numbers":1}', "numbers"),
    no("null-in-array", '{"numbers":[null]}', "numbers[0]"),
    no("null-in-map", '{"labels":{"a":null}}', "labels[a]"),
    no("enum-text", '{"color":"COLOR_NONE"}', "color"),
    no("text-for-message", '{"leaf":"a"}', "leaf"),
    no("empty-text-for-message", '{"leaf":""}', "leaf"),
    no("true-for-double", '{"doubleValue":true}', "doubleValue"),
    no("double-too-large", '{"doubleValue":"1e400"}', "doubleValue"),
    no("double-inf", '{"doubleValue":"inf"}', "doubleValue"),
    no("bytes-text", '{"bytesValue":"*"}', "bytesValue"),
    no("oneof-twice", '{"choiceText":"a","choiceNumber":1}', "choiceNumber"),
    no("same-field-two-names", '{"int32Value":1,"int32_value":2}', "int32Value"),
    no("duplicate-key", '{"int32Value":1,"int32Value":2}', ""),
    no("cut", '{"int32Value":1', ""),
    no("trailing", "{} {}", ""),
    no("trailing-comma", '{"int32Value":1,}', ""),
    no("single-quotes", "{'int32Value':1}", ""),
    no("unquoted-key", "{int32Value:1}", ""),
    no("comment", "{/* a */}", ""),
    no("array", "[]", ""),
    no("scalar", "1", ""),
    no("null", "null", ""),
    no("bare-nan", '{"doubleValue":NaN}', ""),
    no("unpaired-surrogate", r'{"stringValue":"\ud800"}', ""),
    no("not-utf8", b'{"stringValue":"\xff"}', ""),
    no("nested-65", '{"child":' * 65 + "{}" + "}" * 65, ""),
    no("too-large", '{"stringValue":"' + "a" * 65536 + '"}', "", status=413),
    no("media-type", "{}", "", status=415, headers=("content-type: application/xml",)),
]

_FIELDS = [
    put("field", "kinds/1", '{"int32Value":5}', 'id: "1" kinds {int32_value: 5}'),
    put("field-empty", "kinds/1", "", 'id: "1" kinds {}'),
    put(
        "field-and-query",
        "kinds/1?count=7&names=a",
        '{"int32Value":5}',
        'id: "1" kinds {int32_value: 5} count: 7 names: "a"',
    ),
    put("field-strings", "names/1", '["a","b"]', 'id: "1" names: ["a", "b"]'),
    put("field-messages", "many/1", '[{"id":"a"},{}]', 'id: "1" many {id: "a"} many {}'),
    put("field-map", "labels/1", '{"a":"b"}', 'id: "1" labels {key: "a" value: "b"}'),
    put("field-scalar", "count/1", '"7"', 'id: "1" count: 7'),
    put("field-time", "time/1", '"1970-01-01T00:00:01Z"', 'id: "1" time {seconds: 1}'),
    put("field-wrapper", "note/1", '"a"', 'id: "1" note {value: "a"}'),
    put("field-struct", "extra/1", '{"a":1}', 'id: "1" extra {fields {key: "a" value {number_value: 1}}}'),
    put(
        "field-value",
        "value/1",
        '[1,"a"]',
        'id: "1" value {list_value {values {number_value: 1} values {string_value: "a"}}}',
    ),
    put("field-value-null", "value/1", "null", 'id: "1" value {null_value: NULL_VALUE}'),
    put("path-inside-field", "inside/a", '{"int32Value":5}', 'kinds {string_value: "a" int32_value: 5}', "PATCH"),
    put("path-over-field", "inside/a", '{"stringValue":"b"}', 'kinds {string_value: "a"}', "PATCH"),
    refused("body-field-in-query", "PUT /v1/kinds/1?kinds.int32_value=7", "kinds", body="{}"),
    refused("body-field-array", "PUT /v1/kinds/1", body="[]"),
    refused("body-field-strings-wrong", "PUT /v1/names/1", "names[0]", body="[1]"),
    Case("body-all-and-path", "POST /v1/strings/a", "Ask", 'string_value: "a" int32_value: 5', '{"int32Value":5}'),
    Case("body-all-path-wins", "POST /v1/strings/a", "Ask", 'string_value: "a"', '{"stringValue":"b"}'),
    Case("body-all-leaves-query", "POST /v1/kinds?int32_value=7", "Ask", "", "{}"),
    Case("body-all-leaves-unknown-query", "POST /v1/kinds?nope=7", "Ask", "", "{}"),
    Case("body-none-on-get", "GET /v1/kinds?int32_value=7", "Ask", "int32_value: 7", '{"int32Value":9}'),
    Case(
        "body-json-suffix",
        "POST /v1/kinds",
        "Ask",
        "int32_value: 5",
        '{"int32Value":5}',
        ("content-type: application/merge-patch+json; charset=utf-8",),
    ),
]

_ANSWERS = [
    answer("kinds", '{"kinds":{"int32Value":1}}', "kinds {int32_value: 1}"),
    answer("names", '{"names":["a"]}', 'names: "a"'),
    answer("labels", '{"labels":{"a":"b"}}', 'labels {key: "a" value: "b"}'),
    answer("count", '{"count":"7"}', "count: 7"),
    answer("time", '{"time":"1970-01-01T00:00:01Z"}', "time {seconds: 1}"),
    answer("note", '{"note":"a"}', 'note {value: "a"}'),
    answer("value", '{"value":true}', "value {bool_value: true}"),
    answer("many", '{"many":[{}]}', "many {}"),
]

CASES = [*_SCALARS, *_SHAPES, *_WRONG, *_FIELDS, *_ANSWERS]
