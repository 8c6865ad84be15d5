"""What errors say that a field has to be."""

from __future__ import annotations

from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.struct_pb2 import Value

from tollwayd.core.errors import MAX_NAMES_LISTED
from tollwayd.translator.fields.fields import form


def field_of(enum: EnumDescriptorProto):
    """A field of an enum."""
    file = FileDescriptorProto(name="fields.proto", syntax="proto3", enum_type=[enum])
    kind = FieldDescriptorProto(name="it", number=1, label=1, type=14, type_name=f".{enum.name}")
    file.message_type.append(DescriptorProto(name="Message", field=[kind]))
    pool = DescriptorPool()
    pool.Add(file)
    return pool.FindMessageTypeByName("Message").fields[0]


def enum(*names: str) -> EnumDescriptorProto:
    return EnumDescriptorProto(name="E", value=[{"name": name, "number": i} for i, name in enumerate(names)])


def test_an_enum_lists_the_names_that_say_something():
    assert form(field_of(enum("E_UNSPECIFIED", "E_ONE", "E_TWO"))) == "has to be one of E_ONE, E_TWO"
    assert form(field_of(enum("ZERO", "ONE"))) == "has to be one of ZERO, ONE"
    assert form(field_of(enum("E_UNSPECIFIED"))) == "has to be one of E_UNSPECIFIED"


def test_a_long_enum_is_cut_off():
    names = [f"E_{number}" for number in range(MAX_NAMES_LISTED + 1)]
    assert form(field_of(enum(*names[:-1]))) == f"has to be one of {', '.join(names[:-1])}"
    assert form(field_of(enum(*names))) == f"has to be one of {', '.join(names[:-1])}, …"


def test_a_message_lists_its_fields():
    assert form(HttpRule.DESCRIPTOR.fields_by_name["custom"]) == "has to be an object with kind, path"
    assert form(Value.DESCRIPTOR.fields_by_name["struct_value"]) == "has to be an object"
