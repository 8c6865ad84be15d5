"""JSON text as Python values, strictly: RFC 8259 in UTF-8, no duplicate keys, numbers in range, limits to depth and
how many values there are.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.protojson.syntax import TextError, refusal

MAX_JSON_DEPTH = 64
"""Objects and arrays inside one another. Depth costs stack in every JSON reader; honest requests stay below 20."""

MAX_JSON_VALUES = 1_000_000
"""Values and names of a body; an empty array or object counts as two. At the limit they take up to 170 MB and a second,
0.2 s of it without a pause for other calls; honest requests are a few embeddings of thousands of numbers each."""

# Strings, even one that never ends: so each byte is looked at once, whatever the body holds.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_NOT_BRACKETS_OR_QUOTES = bytes(set(_NOT_BRACKETS) - set(b'"'))
_MARKS = b",:[{"
_NOT_MARKS_OR_QUOTES = bytes(set(range(256)) - set(_MARKS + b'"'))
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

_ESCAPED_COLON = b"\\u003"
_BELOW_64_BITS = b"-922337203685477"


def load(body: bytes) -> Any:
    """The value that the text stands for. TollwayError: REASON_JSON_INVALID, REASON_JSON_TOO_DEEP or
    REASON_BODY_TOO_LARGE.
    """
    if len(body) > MAX_JSON_VALUES:
        _check_values(body)
    _check_depth(body)
    try:
        value = orjson.loads(body)
    except ValueError:
        return _load_exactly(body)
    return value if _is_exact(body, value) else _load_exactly(body)


def _is_exact(body: bytes, value: Any) -> bool:
    """Whether `value`, as orjson read it, is certain to be all that the body says.

    orjson keeps the last of duplicate keys. Printing its value again costs less than any look at the keys: if nothing
    was dropped, both have as many colons, one a key and those in strings, unless the body writes colons as escapes.
    It also takes integers beyond 64 bits as floats. Those are out of every field's range anyway, but for the few below
    -2^63 that -2^63 is the nearest float to.
    """
    return (
        body.count(b":") == orjson.dumps(value).count(b":")
        and _ESCAPED_COLON not in body
        and _BELOW_64_BITS not in body
    )


def _load_exactly(body: bytes) -> Any:
    try:
        if _SURROGATE.search(body):
            orjson.loads(body)  # It refuses unpaired surrogates, which the standard library lets through.
        return json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite_float
        )
    except ValueError as fault:
        raise refusal(fault) from None


def _check_values(body: bytes) -> None:
    if sum(map(body.count, _MARKS)) <= MAX_JSON_VALUES:
        return
    marks = _unescaped(body).translate(None, _NOT_MARKS_OR_QUOTES)
    # A pair of quotes is a string, and so a name or a value; finding that many would take too long.
    if marks.count(b'"') // 2 > MAX_JSON_VALUES or len(_STRING.sub(b"", marks)) > MAX_JSON_VALUES:
        raise TollwayError(
            Reason.REASON_BODY_TOO_LARGE,
            f"The body's JSON has more than {MAX_JSON_VALUES:,} values and names. Send it in several requests.",
        )


def _check_depth(body: bytes) -> None:
    if body.count(b"{") + body.count(b"[") <= MAX_JSON_DEPTH:
        return
    depth = 0
    for bracket in _brackets(body):
        depth += 1 if bracket in b"{[" else -1
        if depth > MAX_JSON_DEPTH:
            raise TollwayError(
                Reason.REASON_JSON_TOO_DEEP, f"The body's JSON is nested more than {MAX_JSON_DEPTH} levels deep."
            )


def _brackets(body: bytes) -> bytes:
    """The brackets that are structure, in their order."""
    brackets = _unescaped(body).translate(None, _NOT_BRACKETS_OR_QUOTES).replace(b'""', b"")
    # A quote that is left has a bracket beside it in its string: then each string has to be found, which takes longer.
    return _STRING.sub(b"", body).translate(None, _NOT_BRACKETS) if b'"' in brackets else brackets


def _unescaped(body: bytes) -> bytes:
    """The text without backslashes and quotes that are escaped: each quote left begins or ends a string."""
    return body.replace(b"\\\\", b"").replace(b'\\"', b"")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise TextError("an object has two members of the same name")
    return made


def _no_constant(_: str) -> float:
    raise TextError("NaN and Infinity are no numbers of JSON; where a field takes them, they stand in double quotes")


def _finite_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise TextError("a number is out of range")
    return number
