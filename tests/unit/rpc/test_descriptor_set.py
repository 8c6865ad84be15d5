from __future__ import annotations

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message_factory import GetMessageClass

from tests.apis.compiled import PROTOS, descriptor_set
from tollwayd.rpc.descriptor_set import DescriptorSet


def test_files_may_stand_in_any_order():
    files = descriptor_set(PROTOS / "harbour.proto", imports=True)
    turned = FileDescriptorSet(file=reversed(files.file))
    assert DescriptorSet(turned.SerializeToString()).services.keys() == {
        "harbour.v1.HarbourService",
        "harbour.v1.TideService",
        "harbour.v1.PilotService",
    }


def test_what_errors_are_made_of_is_always_there():
    pool = DescriptorSet(descriptor_set(PROTOS / "every_kind_2.proto", imports=True).SerializeToString()).pool
    assert GetMessageClass(pool.FindMessageTypeByName("google.rpc.Status"))(code=1).code == 1
    assert pool.FindMessageTypeByName("google.rpc.RetryInfo")


def test_a_sets_own_definition_of_errors_counts_wherever_its_file_stands():
    files = FileDescriptorSet()
    file = files.file.add(name="vendor/status.proto", package="google.rpc", syntax="proto3")
    file.message_type.add(name="Status").field.add(name="code", number=1, type="TYPE_INT32", label="LABEL_OPTIONAL")
    pool = DescriptorSet(files.SerializeToString()).pool
    assert pool.FindMessageTypeByName("google.rpc.Status").file.name == "vendor/status.proto"
