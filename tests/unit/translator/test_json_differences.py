"""The codec reads what google.protobuf.json_format reads, but for the differences that are listed here."""

from __future__ import annotations

import re

import pytest
from google.protobuf import struct_pb2, wrappers_pb2

from tests.apis.every_kind import EveryKind, Old, message
from tests.json_outcomes import REFUSED, ours, theirs

Scalars = message("kinds.v1.Scalars")
Lists = message("kinds.v1.Lists")
Maps = message("kinds.v1.Maps")
Choice = message("kinds.v1.Choice")
WellKnown = message("kinds.v1.WellKnown")
Optionals = message("kinds.v1.Optionals")

NUMBERS = [
    *("0", "-0", "-0.0", "1", "-1", "1.0", "1.5", "1e5", "1e-400", "1e400", "2147483647", "2147483648", "-2147483649"),
    *("4294967295", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775808"),
    *("-9223372036854775808.0", "-9223372036854775809", "-9223372036854776832", "18446744073709551615"),
    *(
        "18446744073709551616",
        "3.4028234663852886e38",
        "3.5e38",
        "-3.5e38",
        "1e308",
        "0x1",
        "01",
        "+1",
        "1.",
        ".5",
        "NaN",
    ),
    *('"1"', '"-1"', '"1.0"', '"1e5"', '"1.5"', '""', '"x"', '"NaN"', '"-Infinity"', '"Infinity"', '"nan"', '"0x1"'),
    *('"18446744073709551615"', '"-9223372036854775808"', '"1 "', '"007"', "null", "[]", "{}"),
]
TEXTS = [
    '""',
    '"QUJD"',
    '"QUI"',
    '"QUI="',
    '"-_-_"',
    '"+/+/"',
    '"Q"',
    '"\\u0000é😀"',
    '"\\ud83d\\ude00"',
    "true",
    "false",
    "1",
]
NAMES = [
    '"COLOR_RED"',
    '"COLOR_CRIMSON"',
    '"COLOR_BLUE"',
    '"color_red"',
    '"COLOR_NO"',
    '"1"',
    '"99"',
    "-2",
    "99",
    "1e0",
]
TIMES = [
    '"1970-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00Z"',
    '"9999-12-31T23:59:59.999999999Z"',
    '"2026-02-28T12:34:56.1Z"',
    '"2024-02-29T00:00:00+14:00"',
    '"2024-02-29T00:00:00.5-01:30"',
    '"2026-02-29T00:00:00Z"',
    '"0000-01-01T00:00:00Z"',
    '"2026-01-01T24:00:00Z"',
    '"2026-01-01T23:59:60Z"',
    '"2026-01-01T00:00:00"',
    '"2026-01-01t00:00:00Z"',
    '"2026-01-01T00:00:00z"',
    '"2026-01-01 00:00:00Z"',
    '"2026-1-1T0:0:0Z"',
    '"2026-01-01T00:00:00.1234567890Z"',
    '"0001-01-01T00:00:00+01:00"',
    "5",
    '""',
]
DURATIONS = [
    *(
        '"0s"',
        '"1s"',
        '"-1s"',
        '"1.5s"',
        '"-0.5s"',
        '"0.000000001s"',
        '"-1.000000001s"',
        '"315576000000s"',
        '"1"',
        '"s"',
    ),
    *(
        '"315576000001s"',
        '"-315576000000s"',
        '"-315576000001s"',
        '"315576000000.5s"',
        '"1.s"',
        '".5s"',
        '"1.0000000001s"',
    ),
    "1",
]
MASKS = ['""', '"a"', '"aB,c.dE"', '"a_b"', "[]", '"A"']
VALUES = ["null", "1", "1.5", '"x"', "true", "[]", "{}", '[1, [null], {"a": {}}]', '{"a": [{}], "": null}', "1e400"]
ANYS = [
    "{}",
    '{"@type": "type.googleapis.com/kinds.v1.Scalars", "aBool": true}',
    '{"aBool": true, "@type": "x/kinds.v1.Scalars"}',
    '{"@type": "kinds.v1.Scalars"}',
    '{"@type": "x/kinds.v1.Scalars", "no": 1}',
    '{"@type": "x/kinds.v1.Scalars", "anInt32": "x"}',
    '{"@type": "x/google.protobuf.Duration", "value": "1s"}',
    '{"@type": "x/google.protobuf.Duration", "value": "1"}',
    '{"@type": "x/google.protobuf.Duration"}',
    '{"@type": "x/google.protobuf.Value", "value": null}',
    '{"@type": "x/google.protobuf.Value"}',
    '{"@type": "x/google.protobuf.Int64Value", "value": "5"}',
    '{"@type": "x/google.protobuf.Empty"}',
    '{"@type": "x/google.protobuf.Any", "value": {"@type": "x/kinds.v1.Scalars"}}',
    '{"@type": "x/no.Such"}',
    '{"@type": 5}',
    '{"@type": ""}',
    '{"value": 1}',
    "[]",
    "1",
]


def corpus():
    """Types and bodies."""
    for field in Scalars.DESCRIPTOR.fields:
        for item in (*NUMBERS, *TEXTS, *NAMES):
            yield Scalars, f'{{"{field.json_name}": {item}}}'
    for field in Maps.DESCRIPTOR.fields:
        for key in ("", "1", "-1", "true", "True", "x", "4294967295", "18446744073709551616", "1.0"):
            for item in ("null", "1", '"QUJD"', "{}", '"1s"', '"COLOR_RED"', "[]"):
                yield Maps, f'{{"{field.json_name}": {{"{key}": {item}}}}}'
    for field in Lists.DESCRIPTOR.fields:
        for item in ("[]", "[null]", "[1, 2]", '["1"]', "{}", "null", "1", "[[]]", "[{}]", '["COLOR_RED", 0]'):
            yield Lists, f'{{"{field.json_name}": {item}}}'
    for name, bodies in {
        "timestamp": TIMES,
        "duration": DURATIONS,
        "fieldMask": MASKS,
        "any": ANYS,
        "empty": ["{}", "[]", '{"a": 1}'],
        **dict.fromkeys(
            ("value", "struct", "listValue", "stringValue", "boolValue", "int64Value", "doubleValue"), VALUES
        ),
    }.items():
        for body in bodies:
            yield WellKnown, f'{{"{name}": {body}}}'
    yield from CHOICES


CHOICES = [
    (Choice, '{"text": "a", "number": 1}'),
    (Choice, '{"text": "a", "number": null}'),
    (Choice, '{"text": null, "number": 1}'),
    (Choice, '{"value": null}'),
    (Choice, '{"nothing": null}'),
    (Choice, '{"nothing": "NULL_VALUE"}'),
    (Choice, '{"empty": {}}'),
    (Choice, '{"empty": {}, "color": 1}'),
    (Optionals, '{"aDouble": 0, "aBool": false, "aString": "", "someBytes": "", "aColor": 0, "scalars": {}}'),
    (Optionals, '{"aDouble": null, "scalars": null}'),
    (EveryKind, '{"failCode": "a"}'),
    (EveryKind, '{"fail_code": "a"}'),
    (EveryKind, '{"named@oddly": "a"}'),
    (EveryKind, '{"other_name": "a"}'),
    (EveryKind, '{"otherName": "a"}'),
    (EveryKind, '{"failCode": "a", "failCode": "a"}'),
    (EveryKind, '{"failCode": "a", "failCode" : "\\u003a"}'),
    (EveryKind, '{"failCode": "\\u003A", "failCode" : "a"}'),
    (EveryKind, '{"inner": {"failCode": "\\":"}}'),
    (EveryKind, '{"inner": {"inner": {"inners": [{}, {"inner": {}}]}}, "inners": []}'),
    (EveryKind, '{"inner": []}'),
    (EveryKind, '{"inners": {}}'),
    (EveryKind, '{"[no.such]": 1}'),
    (EveryKind, "[]"),
    (EveryKind, "null"),
    (Old, '{"name": "a", "count": 7, "level": "LEVEL_LOW", "levels": [1, "LEVEL_HIGH"]}'),
    (Old, '{"level": 3}'),
    (Old, '{"levels": [3]}'),
    (Old, '{"byName": {"a": 3}}'),
    (Old, '{"part": {"label": "a"}, "item": [{"size": "5"}, {}]}'),
    (Old, '{"Part": {"label": "a"}}'),
    (Old, '{"[kinds.v2.note]": "a", "[kinds.v2.marks]": [1], "[kinds.v2.more]": {"count": 1}}'),
    (Old, '{"[kinds.v2.note]": 5}'),
    (Old, '{"[kinds.v2.note]": null}'),
    (Old, '{"[kinds.v2.no]": 5}'),
    (struct_pb2.Struct, "{}"),
    (struct_pb2.Struct, '{"a": 1}'),
    (struct_pb2.Struct, "[]"),
    (struct_pb2.Value, "null"),
    (struct_pb2.Value, '"a"'),
    (struct_pb2.ListValue, "[1]"),
    (wrappers_pb2.StringValue, '"a"'),
    (wrappers_pb2.StringValue, "null"),
]


def deep(depth: int) -> str:
    """A Struct of `depth` levels."""
    return '{"a": ' * (depth - 1) + "{}" + "}" * (depth - 1)


ENUM, NUMBER = "(aColor|aNull)", "(aDouble|aFloat|doubleValue)"
OBJECT = '"(inner|empty)": |"scalars": .|"(bySfixed32|kinds)": {"[^"]*": '
# Why; which bodies of the corpus it explains; an example, and what is read or that it is refused, where json_format
# does the other.
DIFFERENCES = [
    ("true is no number", f"{NUMBER}.: (true|false)", Scalars, '{"aDouble": true}', REFUSED),
    ("true is no number", f"{NUMBER}.: (true|false)", Scalars, '{"aFloat": false}', REFUSED),
    ("true is no number", f"{ENUM}.: (true|false)", Scalars, '{"aColor": true}', REFUSED),
    ("1.5 is not 1", f"{ENUM}.: 1.5", Scalars, '{"aColor": 1.5}', REFUSED),
    (
        "an enum has 32 bits",
        f"{ENUM}.: .?(4294967296|-9223372036854775808)",
        Scalars,
        '{"aColor": 4294967296}',
        REFUSED,
    ),
    ("strings hold JSON's numbers", "_", Scalars, '{"anInt32": "1_0"}', REFUSED),
    ("strings hold JSON's numbers", r"\+1", Scalars, '{"anInt32": "+1"}', REFUSED),
    ("strings hold JSON's numbers", r"\\t1", Scalars, '{"anInt32": "\\t1"}', REFUSED),
    ("strings hold JSON's numbers", r"\\u0661", Scalars, '{"anInt32": "\\u0661"}', REFUSED),
    ("strings hold JSON's numbers", f'{NUMBER}.: "1 "', Scalars, '{"aDouble": "1 "}', REFUSED),
    ("strings hold JSON's numbers", "inf", Scalars, '{"aDouble": "inf"}', REFUSED),
    ("strings hold JSON's numbers", f'{ENUM}.: "1 "', Scalars, '{"aColor": "1 "}', {}),
    ("no number becomes infinity", '"1e400"', Scalars, '{"aDouble": "1e400"}', REFUSED),
    ("no number becomes infinity", "1e39", Scalars, '{"aFloat": "1e39"}', REFUSED),
    ("no number becomes infinity", "0{39}", Scalars, '{"aFloat": 1' + "0" * 39 + "}", REFUSED),
    ("no number becomes infinity", "value.: 1e400", WellKnown, '{"value": 1e400}', REFUSED),
    (
        "the largest float is read as it is printed",
        "3.4028235e38",
        Scalars,
        '{"aFloat": 3.4028235e38}',
        {"a_float": 3.4028234663852886e38},
    ),
    ("base64 has an alphabet", "Q!U", Scalars, '{"someBytes": "Q!U J\\nD"}', REFUSED),
    ("base64 has an alphabet", r"someBytes.: .\\u", Scalars, '{"someBytes": "\\u0000"}', REFUSED),
    ("base64 ends with its padding", "QQ==", Scalars, '{"someBytes": "QQ==QQ=="}', REFUSED),
    ("a message is an object", f"({OBJECT})\\[\\]", EveryKind, '{"inner": []}', REFUSED),
    ("a message is an object", f'({OBJECT})"', Maps, '{"kinds": {"a": "text"}}', REFUSED),
    ("a message is an object", r"^\[\]$", EveryKind, "[]", REFUSED),
    ("one name a field", "fail_code.*failCode", EveryKind, '{"fail_code": null, "failCode": "b"}', REFUSED),
    ("one name a field", "failCode.*fail_code", EveryKind, '{"failCode": "a", "fail_code": "b"}', REFUSED),
    (
        "a null that is a value is one of a oneof's",
        "value.: null, .text",
        Choice,
        '{"value": null, "text": "a"}',
        REFUSED,
    ),
    ("a null that is a value is one of a oneof's", "text.*nothing", Choice, '{"text": "a", "nothing": null}', REFUSED),
    ("null leaves any array unset", "values.: null", Lists, '{"values": null}', {}),
    ("a Struct can be parsed again", "a.: {.a.: {.a", struct_pb2.Struct, deep(33), REFUSED),
    ("NaN is no JSON, wherever it stands", "NaN}", EveryKind, '{"no": NaN}', REFUSED),
    ("an unpaired surrogate is no text, wherever", "ud800", EveryKind, '{"no": "\\ud800"}', REFUSED),
    ("an empty body is an empty message", "^$", EveryKind, "", {}),
    ("unknown is unknown, in brackets too", r"\[no", EveryKind, '{"[no.such]": 1}', {}),
    ("an entry that is passed over is not looked at", "byFixed32", Maps, '{"byFixed32": {"x": "NO"}}', {}),
]


@pytest.mark.parametrize("ignore_unknown", [False, True])
def test_the_corpus_is_read_as_by_json_format(ignore_unknown):
    bodies = list(corpus())
    differing = [
        (kind.DESCRIPTOR.name, body)
        for kind, body in bodies
        if ours(kind, body, ignore_unknown=ignore_unknown) != theirs(kind, body, ignore_unknown=ignore_unknown)
    ]
    unexplained = [each for each in differing if not any(re.search(pattern, each[1]) for _, pattern, *_ in DIFFERENCES)]
    assert len(bodies) > 1000
    assert unexplained == []


@pytest.mark.parametrize(("reason", "pattern", "kind", "body", "outcome"), DIFFERENCES)
def test_a_difference_is_one(reason, pattern, kind, body, outcome):
    assert re.search(pattern, body)
    mine, other = (read(kind, body, ignore_unknown=True) for read in (ours, theirs))
    assert mine != other
    assert mine == (REFUSED if outcome is REFUSED else kind(**outcome).SerializeToString())


def test_the_deepest_struct_is_parsed_again():
    data = ours(struct_pb2.Struct, deep(32))
    assert struct_pb2.Struct.FromString(data).SerializeToString() == data
