"""Query parameters: scalars, repeated and nested fields, maps, encoding, and what is refused."""

from __future__ import annotations

from tests.conformance.transcoding.case import Case, refused


def ask(id_: str, query: str, makes: str, **more) -> Case:
    return Case(f"query-{id_}", f"GET /v1/kinds?{query}", "Ask", makes, **more)


def no(id_: str, query: str, field: str) -> Case:
    return refused(f"query-{id_}", f"GET /v1/kinds?{query}", field)


_SCALARS = [
    ask("none", "", ""),
    ask("double", "double_value=1.5", "double_value: 1.5"),
    ask("double-exponent", "double_value=-2.5e10", "double_value: -2.5e10"),
    ask("double-nan", "double_value=NaN", "double_value: nan"),
    ask("double-infinity", "double_value=-Infinity", "double_value: -inf"),
    ask("float", "float_value=0.1", "float_value: 0.1"),
    ask("int32", "int32_value=-2147483648", "int32_value: -2147483648"),
    ask("int64", "int64_value=-9223372036854775808", "int64_value: -9223372036854775808"),
    ask("uint32", "uint32_value=4294967295", "uint32_value: 4294967295"),
    ask("uint64", "uint64_value=18446744073709551615", "uint64_value: 18446744073709551615"),
    ask("sint", "sint32_value=-1&sint64_value=-2", "sint32_value: -1 sint64_value: -2"),
    ask("fixed", "fixed32_value=1&fixed64_value=2", "fixed32_value: 1 fixed64_value: 2"),
    ask("sfixed", "sfixed32_value=-1&sfixed64_value=-2", "sfixed32_value: -1 sfixed64_value: -2"),
    ask("bool", "bool_value=true", "bool_value: true"),
    ask("bool-false", "maybe_bool=false", "maybe_bool: false"),
    ask("bool-one", "bool_value=1", "bool_value: true"),
    ask("bool-capital", "bool_value=True", "bool_value: true"),
    ask("string", "string_value=a", 'string_value: "a"'),
    ask("string-empty", "string_value=", ""),
    ask("string-without-equals", "string_value", ""),
    ask("string-equals", "string_value=a=b", 'string_value: "a=b"'),
    ask("optional-empty", "maybe_string=", 'maybe_string: ""'),
    ask("optional-zero", "maybe_int32=0", "maybe_int32: 0"),
    ask("bytes", "bytes_value=aGVsbG8%3D", 'bytes_value: "hello"'),
    ask("bytes-unpadded", "bytes_value=aGVsbG8", 'bytes_value: "hello"'),
    ask("bytes-url-safe", "bytes_value=-_-_", r'bytes_value: "\373\377\277"'),
    ask("enum", "color=COLOR_DEEP_BLUE", "color: COLOR_DEEP_BLUE"),
    ask("enum-number", "color=1", "color: COLOR_RED"),
    ask("enum-unknown-number", "color=77", "color: 77"),
    ask("enum-negative", "color=-1", "color: COLOR_BELOW"),
    ask("enum-lower-case", "color=color_deep_blue", "color: COLOR_DEEP_BLUE"),
    ask("enum-mixed-case", "color=Color_Red", "color: COLOR_RED"),
    no("int32-text", "int32_value=x", "int32Value"),
    no("int32-too-large", "int32_value=2147483648", "int32Value"),
    no("int32-fraction", "int32_value=1.5", "int32Value"),
    no("int32-empty", "int32_value=", "int32Value"),
    no("int32-space", "int32_value=%205", "int32Value"),
    no("uint32-negative", "uint32_value=-1", "uint32Value"),
    no("float-too-large", "float_value=1e39", "floatValue"),
    no("bool-text", "bool_value=yes", "boolValue"),
    no("bytes-one-letter", "bytes_value=a", "bytesValue"),
    no("bytes-text", "bytes_value=*", "bytesValue"),
    no("enum-text", "color=COLOR_NONE", "color"),
]

_NAMES = [
    ask("json-name", "int32Value=5", "int32_value: 5"),
    ask("json-name-own", "alias=a", 'renamed: "a"'),
    ask("proto-name-renamed", "renamed=a", 'renamed: "a"'),
    ask("encoded-name", "int32%5Fvalue=5", "int32_value: 5"),
    ask("nested", "leaf.id=a&leaf.size=2", 'leaf {id: "a" size: 2}'),
    ask("nested-deep", "child.child.leaf.id=a", 'child {child {leaf {id: "a"}}}'),
    ask("nested-json-name", "child.maybeInt32=1", "child {maybe_int32: 1}"),
    ask("nested-repeated", "child.words=a&child.words=b", 'child {words: "a" words: "b"}'),
    no("unknown", "nope=1", "nope"),
    no("unknown-nested", "leaf.nope=1", "leaf.nope"),
    no("unknown-nothing", "=1", "(name)"),
    no("message", "leaf=a", "leaf"),
    no("below-scalar", "string_value.a=1", "stringValue.a"),
    no("below-repeated", "leaves.id=a", "leaves"),
    no("twice", "int32_value=1&int32_value=2", "int32Value"),
    no("twice-two-names", "int32_value=1&int32Value=2", "int32Value"),
    no("twice-same", "string_value=a&string_value=a", "stringValue"),
    no("oneof-twice", "choice_text=a&choice_number=1", "choiceNumber"),
    ask("oneof", "choice_number=0", "choice_number: 0"),
    ask("oneof-message", "choice_leaf.size=1", "choice_leaf {size: 1}"),
]

_REPEATED = [
    ask("repeated", "numbers=1&numbers=2&numbers=1", "numbers: [1, 2, 1]"),
    ask("repeated-strings", "words=a&int32_value=1&words=b", 'words: ["a", "b"] int32_value: 1'),
    ask("repeated-comma-is-text", "words=a,b", 'words: "a,b"'),
    ask("repeated-empty", "words=", 'words: ""'),
    ask("repeated-enums", "colors=COLOR_RED&colors=2", "colors: [COLOR_RED, COLOR_DEEP_BLUE]"),
    ask("repeated-bytes", "blobs=YQ&blobs=Yg", 'blobs: ["a", "b"]'),
    ask("repeated-reals", "reals=1&reals=NaN", "reals: [1, nan]"),
    ask("repeated-times", "times=2026-01-31T09:00:00Z", "times {seconds: 1769850000}"),
    ask("repeated-wrappers", "notes=a&notes=", 'notes {value: "a"} notes {}'),
    no("repeated-text", "numbers=1&numbers=x", "numbers"),
    no("repeated-messages", "leaves=a", "leaves"),
]

_MAPS = [
    ask("map", "labels[a]=b&labels[c]=d", 'labels {key: "a" value: "b"} labels {key: "c" value: "d"}'),
    ask("map-encoded", "labels%5Ba%5D=b", 'labels {key: "a" value: "b"}'),
    ask("map-number", "by_number[7]=b", 'by_number {key: 7 value: "b"}'),
    ask("map-flag", "by_flag[true]=1", "by_flag {key: true value: 1}"),
    ask("map-enum", "shades[a]=COLOR_RED", 'shades {key: "a" value: COLOR_RED}'),
    ask("map-nested", "child.labels[a]=b", 'child {labels {key: "a" value: "b"}}'),
    no("map-plain", "labels=a", "labels"),
    no("map-dotted", "labels.a=b", "labels.a"),
    no("map-entry", "labels.key=a&labels.value=b", "labels"),
    no("map-twice", "labels[a]=b&labels[a]=c", "labels"),
    no("map-key-text", "by_number[x]=b", "byNumber"),
    no("map-messages", "leaf_by_name[a]=b", "leafByName"),
    no("map-on-scalar", "string_value[a]=b", "stringValue"),
]

_ENCODING = [
    ask("plus", "string_value=a+b", 'string_value: "a b"'),
    ask("encoded-plus", "string_value=a%2Bb", 'string_value: "a+b"'),
    ask("encoded-space", "string_value=a%20b", 'string_value: "a b"'),
    ask("encoded-slash", "string_value=a%2Fb", 'string_value: "a/b"'),
    ask("encoded-ampersand", "string_value=a%26b%3Dc", 'string_value: "a&b=c"'),
    ask("utf8", "string_value=%C3%A9%F0%9F%8D%89", 'string_value: "é🍉"'),
    ask("decodes-once", "string_value=%2525", 'string_value: "%25"'),
    ask("empty-pairs", "&&int32_value=1&", "int32_value: 1"),
    ask("question-mark", "string_value=a?b", 'string_value: "a?b"'),
    ask("semicolon-is-text", "string_value=a;b", 'string_value: "a;b"'),
    refused("query-broken-escape", "GET /v1/kinds?string_value=%zz"),
    refused("query-not-utf8", "GET /v1/kinds?string_value=%ff"),
]

CASES = [*_SCALARS, *_NAMES, *_REPEATED, *_MAPS, *_ENCODING]
