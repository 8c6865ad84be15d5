"""Hypothesis strategies for messages of any type, from their descriptors."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

MAX_DEPTH = 4

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ['"', ":", '":', "\\u003a", "{[]}"]
)
# Not the largest: json_format prints it and then refuses to read it.
_FLOAT = st.floats(width=32).filter(lambda number: abs(number) != 3.4028234663852886e38) | st.sampled_from(
    [0.10000000149011612, 16777216.0, 1.401298464324817e-45, -0.0]
)
_SCALARS = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats() | st.sampled_from([-0.0, 1e22, 5e-324]),
    FieldDescriptor.CPPTYPE_FLOAT: _FLOAT,
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_STRING: _TEXT,
}
_WELL_KNOWN = {
    "google.protobuf.Timestamp": {
        "seconds": st.integers(-62135596800, 253402300799),
        "nanos": st.integers(0, 999999999),
    },
    "google.protobuf.FieldMask": {"paths": st.lists(st.sampled_from(["a", "a_b", "a.b_c.d"]), max_size=3)},
}


@st.composite
def messages(draw, kind, depth: int = 0):
    """Messages that have a form in JSON, a few of their fields set."""
    name = kind.DESCRIPTOR.full_name
    if name in _WELL_KNOWN:
        return kind(**{field: draw(values) for field, values in _WELL_KNOWN[name].items()})
    if name == "google.protobuf.Duration":
        return _duration(draw(st.integers(-315575999999, 315575999999)), draw(st.integers(0, 999999999)))
    if name == "google.protobuf.Any":
        return draw(_anys(kind, depth))
    made = kind()
    fields = [field for field in kind.DESCRIPTOR.fields if depth < MAX_DEPTH or field.message_type is None]
    if name == "google.protobuf.Value":
        fields = [draw(st.sampled_from(fields))]
    for field in fields:
        if field.is_required or name.startswith("google.") or draw(st.integers(0, 2)) == 0:
            _fill(draw, made, field, depth + 1)
    return made


def _duration(seconds: int, nanos: int):
    from google.protobuf.duration_pb2 import Duration  # noqa: PLC0415

    return Duration(seconds=seconds, nanos=nanos if seconds >= 0 else -nanos)


@st.composite
def _anys(draw, kind, depth: int):
    held = AnyMessage()
    if depth < MAX_DEPTH and draw(st.booleans()):
        from tests.apis.every_kind import EveryKind  # noqa: PLC0415

        fields = EveryKind.DESCRIPTOR.fields_by_name["well_known"].message_type.fields
        types = [field.message_type for field in fields] + [EveryKind.DESCRIPTOR]
        held.Pack(draw(messages(GetMessageClass(draw(st.sampled_from(types))), depth + 1)))
    return held


def _fill(draw, made, field: FieldDescriptor, depth: int) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        _fill_map(draw, getattr(made, field.name), field, depth)
    elif field.is_repeated:
        getattr(made, field.name).extend(draw(st.lists(_values(field, depth), max_size=3)))
    elif field.message_type is not None:
        inner = getattr(made, field.name)
        inner.SetInParent()
        inner.CopyFrom(draw(_values(field, depth)))
    else:
        setattr(made, field.name, draw(_values(field, depth)))


def _fill_map(draw, entries, field: FieldDescriptor, depth: int) -> None:
    key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
    for each, item in draw(st.dictionaries(_values(key, depth), _values(value, depth), max_size=3)).items():
        if value.message_type is not None:
            entries[each].CopyFrom(item)
        else:
            entries[each] = item


def _values(field: FieldDescriptor, depth: int):
    if field.message_type is not None:
        return messages(GetMessageClass(field.message_type), depth)
    if field.containing_type.full_name == "google.protobuf.Value" and field.name == "number_value":
        return st.floats(allow_nan=False, allow_infinity=False)
    if field.enum_type is not None:
        known = st.sampled_from([value.number for value in field.enum_type.values])
        return known if field.enum_type.is_closed or field.enum_type.name == "NullValue" else known | st.just(99)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=8)
    return _SCALARS[field.cpp_type]
