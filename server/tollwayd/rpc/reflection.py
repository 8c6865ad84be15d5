"""Server reflection v1 and v1alpha as methods of a registry.

grpcio-reflection serves v1alpha alone and cannot find a method by its name, which `grpcurl describe` asks for; the two
versions are the same on the wire (grpc/grpc#38576).
"""

from __future__ import annotations

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import Default
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer


class Reflection(ReflectionServicer):  # type: ignore[misc]  # the package has no types
    """Serves `ServerReflection` of either version, for the services of these names."""

    def _file_containing_symbol(
        self, request: reflection_pb2.ServerReflectionRequest, name: str
    ) -> reflection_pb2.ServerReflectionResponse:
        answer = super()._file_containing_symbol(request, name)
        if not answer.HasField("error_response"):
            return answer
        service, _, _ = name.rpartition(".")
        return super()._file_containing_symbol(request, service) if service else answer


def _v1() -> FileDescriptorProto:
    proto = FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(proto)
    proto.name, proto.package = "grpc/reflection/v1/reflection.proto", "grpc.reflection.v1"
    for field in (field for message in proto.message_type for field in message.field if field.type_name):
        field.type_name = _renamed(field.type_name)
    for method in proto.service[0].method:
        method.input_type, method.output_type = _renamed(method.input_type), _renamed(method.output_type)
    return proto


def _renamed(name: str) -> str:
    return name.replace("v1alpha", "v1")


SERVICES = (
    reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"],
    Default().AddSerializedFile(_v1().SerializeToString()).services_by_name["ServerReflection"],
)
"""`ServerReflection` in v1alpha and in v1."""
