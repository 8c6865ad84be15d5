"""Messages of every kind, made by Hypothesis, through the codec and through google.protobuf.json_format."""

from __future__ import annotations

import json

import pytest
from google.protobuf.json_format import MessageToDict, MessageToJson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.apis.every_kind import EveryKind, Old
from tests.apis.made_messages import messages
from tests.json_outcomes import REFUSED, ours, theirs
from tollwayd.translator.protojson.codec import encoder

KINDS = pytest.mark.parametrize("kind", [EveryKind, Old])
OFTEN = settings(max_examples=40, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))

# What stands in for one value of a body: no true for numbers and no 1.5 for enums, which are known differences.
STRANGE = st.sampled_from(
    [None, -1, 2.0, 2**31, 2**63, 2**64, -(2**63) - 1, 1e39, "", "x", "1", "-5", "QUI", "COLOR_RED"]
)
STRANGE |= st.sampled_from([[1], {"a": 1}, {"1": None}])
NO_TEXT = STRANGE.filter(lambda value: not isinstance(value, str))  # json_format takes text for an empty object.


def canonical(value):
    """The value as JSON text has it; NaN equals itself there."""
    return json.dumps(value, sort_keys=True)


@KINDS
@OFTEN
@given(st.data())
def test_what_is_set_is_printed_as_by_json_format(kind, data):
    made = data.draw(messages(kind))
    assert canonical(json.loads(encoder(kind.DESCRIPTOR)(made))) == canonical(MessageToDict(made))


def test_extensions_are_printed_as_by_json_format():
    extensions = Old.DESCRIPTOR.file.extensions_by_name
    made = Old(name="a")
    made.Extensions[extensions["note"]] = "b"
    made.Extensions[extensions["marks"]].extend([1, 2])
    made.Extensions[extensions["more"]].count = 1
    assert json.loads(encoder(Old.DESCRIPTOR)(made)) == MessageToDict(made)


@KINDS
@OFTEN
@given(st.data())
def test_what_is_unset_is_printed_as_by_json_format_but_for_messages(kind, data):
    made = data.draw(messages(kind))
    printed = json.loads(encoder(kind.DESCRIPTOR, print_unset=True)(made))
    reference = MessageToDict(made, always_print_fields_with_no_presence=True)
    assert canonical(without_unset_messages(printed, reference)) == canonical(reference)


def without_unset_messages(value, reference):
    """The value without the nulls that are not in `reference`."""
    if isinstance(value, dict):
        return {
            key: without_unset_messages(item, reference.get(key))
            for key, item in value.items()
            if item is not None or key in reference
        }
    if isinstance(value, list):
        return [without_unset_messages(*pair) for pair in zip(value, reference, strict=True)]
    return value


@KINDS
@OFTEN
@given(st.data())
def test_what_json_format_prints_is_read_as_by_json_format(kind, data):
    made = data.draw(messages(kind))
    text = MessageToJson(made, preserving_proto_field_name=data.draw(st.booleans()))
    assert ours(kind, text) == theirs(kind, text) != REFUSED


@KINDS
@OFTEN
@given(st.data(), st.booleans())
def test_a_strange_value_has_the_same_outcome(kind, data, ignore_unknown):
    body = MessageToDict(data.draw(messages(kind)))
    replace_one(data.draw, body)
    text = json.dumps(body)
    mine, other = (read(kind, text, ignore_unknown=ignore_unknown) for read in (ours, theirs))
    assert mine == other


def replace_one(draw, value) -> None:
    """Puts something strange in the place of one value, at any depth."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not keys:
        return
    key = draw(st.sampled_from(keys))
    if isinstance(value[key], dict | list) and draw(st.integers(0, 4)):
        replace_one(draw, value[key])
    else:
        value[key] = draw(NO_TEXT if isinstance(value[key], dict) else STRANGE)
